// ZREM and ZREMRANGEBY...: commands that remove members and do not reply them. Declared in
// sorted_set.h.
#include "commands/shared/index_range.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/sorted_set/sorted_set_bounds.h"
#include "engine/execution/call.h"
#include "store/sorted_set.h"

namespace kvstash::commands {
namespace {

using engine::Key;
using store::RankRange;
using store::SortedSet;
namespace errors = engine::errors;
namespace notify = engine::notify;

// Reports that `count` members were removed: sends `event`, and "del" if none is left.
void report_removed(Key& key, std::string_view event, size_t count) {
  key.changed(notify::kZset, event, count);
  if (!key.exists()) key.also(notify::kGeneric, "del");
}

// Removes the range of ranks that `ranks_in` returns for the set.
template <typename RanksIn>
Status remove_ranks(Call& call, const RanksIn& ranks_in, std::string_view event) {
  Key key = call.write(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  size_t removed = 0;
  if (key.exists()) {
    const RankRange ranks = ranks_in(*key.view<SortedSet>());
    removed = ranks.count;
    if (removed != 0) {
      key.open<SortedSet>()->erase_ranks(ranks);
      report_removed(key, event, removed);
    }
  }
  call.reply().integer(static_cast<int64_t>(removed));
  return {};
}

template <typename Range>
Status remove_range(Call& call, Result<Range> (&parse)(std::string_view, std::string_view),
                    std::string_view event) {
  const Result<Range> range = parse(call.arg(2), call.arg(3));
  if (!range.ok()) return range.error();
  return remove_ranks(
      call, [&](const SortedSet& set) { return set.ranks_of(*range); }, event);
}

}  // namespace

Status zrem(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  size_t removed = 0;
  if (key.exists()) {
    auto set = key.open<SortedSet>();
    for (const std::string_view member : call.args_from(2)) {
      removed += set->erase(member) ? 1 : 0;
      if (set->empty()) break;
    }
  }
  if (removed != 0) report_removed(key, "zrem", removed);
  call.reply().integer(static_cast<int64_t>(removed));
  return {};
}

Status zremrangebyrank(Call& call) {
  const std::optional<int64_t> first = parse_int64(call.arg(2));
  const std::optional<int64_t> last = parse_int64(call.arg(3));
  if (!first || !last) return errors::not_an_integer();
  return remove_ranks(
      call,
      [&](const SortedSet& set) {
        const IndexRange range = index_range(*first, *last, set.size());
        return RankRange{.first = range.first, .count = range.count};
      },
      "zremrangebyrank");
}

Status zremrangebyscore(Call& call) {
  return remove_range(call, parse_score_range, "zremrangebyscore");
}

Status zremrangebylex(Call& call) {
  return remove_range(call, parse_lex_range, "zremrangebylex");
}

}  // namespace kvstash::commands
