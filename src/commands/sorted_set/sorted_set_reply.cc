#include "commands/sorted_set/sorted_set_reply.h"

#include "engine/options.h"

#include <utility>

namespace kvstash::commands {

namespace notify = engine::notify;
using store::SortedSet;

void reply_element_count(resp::ReplyWriter& to, size_t count, bool with_scores) {
  to.array(with_scores && !to.is_resp3() ? 2 * count : count);
}

void reply_element(resp::ReplyWriter& to, std::string_view member, double score, bool with_scores) {
  if (with_scores && to.is_resp3()) to.array(2);
  to.bulk(member);
  if (with_scores) to.dbl(score);
}

void reply_ranks(resp::ReplyWriter& to, const SortedSet& set, const store::RankRange& ranks,
                 bool is_reverse, bool with_scores) {
  reply_element_count(to, ranks.count, with_scores);
  if (ranks.count == 0) return;
  SortedSet::Iterator at = set.at(is_reverse ? ranks.first + ranks.count - 1 : ranks.first);
  for (size_t left = ranks.count; left != 0; --left) {
    reply_element(to, at.member(), with_scores ? at.score() : 0, with_scores);
    if (left > 1) is_reverse ? at.prev() : at.next();
  }
}

void store_sorted_set(engine::Key& key, SortedSet& set, std::string_view event, uint64_t elements) {
  const bool existed = key.exists();
  const bool is_empty = set.empty();
  if (existed) key.erase();
  if (!is_empty) {
    *key.open<SortedSet>() = std::move(set);
    key.changed(notify::kZset, event, elements);
  } else if (existed) {
    key.changed(notify::kGeneric, "del");
  }
}

}  // namespace kvstash::commands
