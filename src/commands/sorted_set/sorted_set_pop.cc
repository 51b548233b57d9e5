// Commands that pop members from an end: ZPOPMIN, ZPOPMAX, ZMPOP and their blocking variants.
// Declared in sorted_set.h.
#include "commands/shared/block_timeout.h"
#include "commands/shared/counted_keys.h"
#include "commands/shared/digits.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/sorted_set/sorted_set_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

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

// The ranks that a pop removes: the `count` lowest or highest.
RankRange ranks_at(const SortedSet& set, End end, size_t count) {
  count = std::min(count, set.size());
  return {.first = end == End::kLowest ? 0 : set.size() - count, .count = count};
}

std::string_view pop_command(End end) {
  return end == End::kLowest ? "ZPOPMIN" : "ZPOPMAX";
}

// Removes the members at these ranks from a key. There must be at least one rank.
void erase_popped(Key& key, End end, const RankRange& ranks) {
  key.open<SortedSet>()->erase_ranks(ranks);
  key.changed(notify::kZset, end == End::kLowest ? "zpopmin" : "zpopmax", ranks.count);
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
    // Without a count, the reply is flat in RESP3 as well.
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

constexpr uint32_t kPopsFrom = engine::kKeyRW | engine::kKeyAccess | engine::kKeyDelete;

struct MultiPop {
  Call::Args keys;
  End end = End::kLowest;
  size_t count = 1;
};

// Parses an integer that is at least 1; `message` is the error otherwise.
Result<size_t> parse_count(std::string_view text, std::string_view message) {
  const std::optional<int64_t> count = parse_int64(text);
  if (!count || *count < 1) return Error::literal(message);
  return static_cast<size_t>(*count);
}

// Returns how many keys `args` has: numkeys key [key ...] MIN|MAX [COUNT count].
Result<size_t> count_names(Call::Args args) {
  return count_keys(args, 1, errors::syntax());
}

// Parses numkeys key [key ...] MIN|MAX [COUNT count].
Result<MultiPop> parse_multi_pop(Call::Args args) {
  const Result<size_t> key_count = count_names(args);
  if (!key_count.ok()) return key_count.error();
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

// Pops from a key that has members. Replies its name and a list of pairs.
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
  const Digits count(static_cast<int64_t>(ranks.count));
  call.record({pop_command(wanted.end), key.name(), count.view()});
}

// Pops one member. Replies the key's name, the member and its score.
void reply_named_pop(Call& call, Key& key, End end) {
  RankRange ranks;
  {
    const auto set = key.view<SortedSet>();
    ranks = ranks_at(*set, end, 1);
    const SortedSet::Iterator at = set->at(ranks.first);
    call.reply().array(3);
    call.reply().bulk(key.name());
    call.reply().bulk(at.member());
    call.reply().dbl(at.score());
  }
  erase_popped(key, end, ranks);
  call.record({pop_command(end), key.name()});
}

// ---- The first of several keys that exists.

// Returns the first key that exists, or nothing if none does. Error: that key is not a sorted set.
Result<std::optional<Key>> first_sorted_set(Call& call, Call::Args names) {
  for (const std::string_view name : names) {
    Key key = call.write(name);
    if (!key.exists()) continue;
    if (Status status = key.expect(SortedSet::kType); !status.ok()) return status.error();
    return std::optional<Key>(key);
  }
  return std::optional<Key>();
}

void wait(Call& call, Call::Args names, BlockTimeout timeout) {
  if (!call.may_block()) return call.reply().null_array();
  call.block({.keys = {names.begin(), names.end()},
              .type = SortedSet::kType,
              .timeout_ms = timeout,
              .timeout_reply = engine::TimeoutReply::kNullArray});
}

// BZPOPMIN and BZPOPMAX.
Status pop_or_wait(Call& call, End end) {
  const Result<BlockTimeout> timeout =
      parse_block_seconds(call.arg(call.argc() - 1), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  const Call::Args names = call.args().subspan(1, call.argc() - 2);
  Result<std::optional<Key>> found = first_sorted_set(call, names);
  if (!found.ok()) return found.error();
  if (*found) {
    reply_named_pop(call, **found, end);
  } else {
    wait(call, names, *timeout);
  }
  return {};
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
  Result<std::optional<Key>> found = first_sorted_set(call, wanted->keys);
  if (!found.ok()) return found.error();
  if (*found) {
    reply_multi_pop(call, **found, *wanted);
  } else {
    call.reply().null_array();
  }
  return {};
}

Status bzpopmin(Call& call) {
  return pop_or_wait(call, End::kLowest);
}

Status bzpopmax(Call& call) {
  return pop_or_wait(call, End::kHighest);
}

Status bzmpop(Call& call) {
  const Result<MultiPop> wanted = parse_multi_pop(call.args_from(2));
  if (!wanted.ok()) return wanted.error();
  const Result<BlockTimeout> timeout = parse_block_seconds(call.arg(1), call.now_ms());
  if (!timeout.ok()) return timeout.error();
  Result<std::optional<Key>> found = first_sorted_set(call, wanted->keys);
  if (!found.ok()) return found.error();
  if (*found) {
    reply_multi_pop(call, **found, *wanted);
  } else {
    wait(call, wanted->keys, *timeout);
  }
  return {};
}

engine::KeysFound zmpop_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys) {
  return append_counted(count_names(argv.subspan(1)), 2, kPopsFrom, keys);
}

engine::KeysFound bzmpop_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys) {
  return append_counted(count_names(argv.subspan(2)), 3, kPopsFrom, keys);
}

}  // namespace kvstash::commands
