// ZPOPMIN, ZPOPMAX and ZMPOP: taking members out from an end. Declared in sorted_set.h.
#include "base/text.h"
#include "commands/sorted_set.h"
#include "commands/sorted_set_reply.h"
#include "engine/arg_reader.h"
#include "engine/call.h"

#include <algorithm>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::RankRange;
using store::SortedSet;
using End = SortedSet::End;
namespace errors = engine::errors;
namespace notify = engine::notify;

// The ranks that a pop takes, and the order in which it tells them.
RankRange ranks_at(const SortedSet& set, End end, size_t count) {
  count = std::min(count, set.size());
  return {.first = end == End::kLowest ? 0 : set.size() - count, .count = count};
}

// Takes the members at these ranks, which are not none, out of a key.
void erase_popped(Key& key, End end, const RankRange& ranks) {
  key.open<SortedSet>()->erase_ranks(ranks);
  key.changed(notify::kZset, end == End::kLowest ? "zpopmin" : "zpopmax");
  if (!key.exists()) key.also(notify::kGeneric, "del");
}

// ZPOPMIN and ZPOPMAX.
Status pop(Call& call, End end) {
  if (call.argc() > 3) return errors::syntax();
  const bool has_count = call.argc() == 3;
  const std::optional<int64_t> count =
      has_count ? parse_int64(call.arg(2)) : std::optional<int64_t>(1);
  if (!count) return errors::must_be_positive();
  if (*count < 0) return errors::must_be_positive();
  Key key = call.write(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (!key.exists() || *count == 0) {
    call.reply().array(0);
    return {};
  }
  RankRange ranks;
  {
    const auto set = key.view<SortedSet>();
    ranks = ranks_at(*set, end, static_cast<size_t>(*count));
    // A single element is flat in RESP3, too, unless it was asked for by number.
    if (has_count) {
      reply_ranks(call.reply(), *set, ranks, end == End::kHighest, true);
    } else {
      const SortedSet::Iterator at = set->at(ranks.first);
      call.reply().array(2);
      call.reply().bulk(at.member());
      call.reply().dbl(at.score());
    }
  }
  erase_popped(key, end, ranks);
  return {};
}

struct MultiPop {
  Call::Args keys;
  End end = End::kLowest;
  size_t count = 1;
};

// An integer that is at least 1.
Result<size_t> parse_count(std::string_view text, std::string_view message) {
  const std::optional<int64_t> count = parse_int64(text);
  if (!count || *count < 1) return Error::literal(message);
  return static_cast<size_t>(*count);
}

// `args`: numkeys key [key ...] MIN|MAX [COUNT count].
Result<MultiPop> parse_multi_pop(Call::Args args) {
  const Result<size_t> key_count = parse_count(args[0], "ERR numkeys should be greater than 0");
  if (!key_count.ok()) return key_count.error();
  if (*key_count >= args.size() - 1) return errors::syntax();
  MultiPop wanted{.keys = args.subspan(1, *key_count)};
  ArgReader options(args.subspan(1 + *key_count));
  if (options.take("MAX")) {
    wanted.end = End::kHighest;
  } else if (!options.take("MIN")) {
    return errors::syntax();
  }
  for (bool has_count = false; !options.done(); has_count = true) {
    if (has_count || !options.take_with("COUNT")) return errors::syntax();
    const Result<size_t> count = parse_count(options.next(), "ERR count should be greater than 0");
    if (!count.ok()) return count.error();
    wanted.count = *count;
  }
  return wanted;
}

// Pops from a key that has members and replies its name and a list of pairs.
void reply_multi_pop(Call& call, Key& key, const MultiPop& wanted) {
  RankRange ranks;
  {
    const auto set = key.view<SortedSet>();
    ranks = ranks_at(*set, wanted.end, wanted.count);
    resp::ReplyWriter& to = call.reply();
    to.array(2);
    to.bulk(key.name());
    to.array(ranks.count);
    SortedSet::Iterator at = wanted.end == End::kLowest ? set->first() : set->last();
    for (size_t left = ranks.count; left != 0; --left) {
      to.array(2);
      to.bulk(at.member());
      to.dbl(at.score());
      if (left > 1) wanted.end == End::kLowest ? at.next() : at.prev();
    }
  }
  erase_popped(key, wanted.end, ranks);
  if (call.wants_effects()) {
    char digits[kInt64CharsMax];
    call.replace_effect({wanted.end == End::kLowest ? "ZPOPMIN" : "ZPOPMAX",
                         key.name(),
                         {digits, format_uint64(digits, ranks.count)}});
  }
}

}  // namespace

Status zpopmin(Call& call) {
  return pop(call, End::kLowest);
}

Status zpopmax(Call& call) {
  return pop(call, End::kHighest);
}

Status zmpop(Call& call) {
  const Result<MultiPop> wanted = parse_multi_pop(call.args_from(1));
  if (!wanted.ok()) return wanted.error();
  for (const std::string_view name : wanted->keys) {
    Key key = call.write(name);
    if (!key.exists()) continue;
    if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
    reply_multi_pop(call, key, *wanted);
    return {};
  }
  call.reply().null_array();
  return {};
}

}  // namespace kvstash::commands
