// Intersection, union and difference of sets. Declared in set.h.
//
// Replies are written while the sets are walked. Only a union, and a difference with many large
// sets to subtract, must collect their members first. A stored result has the encoding that Redis
// gives it, which depends on the order of the steps.
#include "commands/set/set.h"
#include "commands/shared/container_options.h"
#include "commands/shared/counted_keys.h"
#include "commands/shared/packed_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <span>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::Encoding;
using store::PackedValue;
using store::Set;
using store::SetOptions;
namespace errors = engine::errors;
namespace notify = engine::notify;

using Sets = std::span<const Set* const>;

// Views of the sets at several keys, valid as long as this object.
class Operands {
 public:
  // Looks up `names` in order. Error: a key holds another type (WRONGTYPE).
  Status load(Call& call, std::span<const std::string_view> names) {
    sets_.reserve(names.size());
    for (const std::string_view name : names) {
      const Key key = call.read(name);
      if (Status status = key.expect(Set::kType); !status.ok()) return status;
      if (!key.exists()) {
        sets_.push_back(nullptr);
        continue;
      }
      sets_.push_back(&*views_.emplace_back(key.entry().object()));
    }
    return {};
  }

  // One element for each key; null if the key does not exist.
  std::vector<const Set*>& sets() { return sets_; }

 private:
  std::deque<engine::Viewed<Set>> views_;  // A deque, because views must not move.
  std::vector<const Set*> sets_;
};

// ---- Intersection.

// Moves the smallest set to the front. False: one of the keys is absent, so the intersection is
// empty.
bool order_for_intersection(std::vector<const Set*>& sets) {
  if (std::ranges::find(sets, nullptr) != sets.end()) return false;
  std::ranges::stable_sort(sets, std::less(), [](const Set* set) { return set->size(); });
  return true;
}

bool is_in_all(PackedValue member, Sets others) {
  return std::ranges::all_of(others, [member](const Set* set) { return set->contains(member); });
}

// The encoding that Redis chooses for the result, by the encoding of the smallest set.
Encoding form_of_intersection(const Set& smallest) {
  return smallest.encoding() == Encoding::kIntset ? Encoding::kIntset : Encoding::kListpack;
}

bool is_integer(PackedValue member) {
  return member.is_integer() || parse_int64(member.text()).has_value();
}

Set intersection(Sets sets, const SetOptions& options) {
  Set result(form_of_intersection(*sets.front()), options);
  bool has_text = false;
  sets.front()->for_each([&](PackedValue member) {
    if (!is_in_all(member, sets.subspan(1))) return;
    has_text = has_text || !is_integer(member);
    result.add(member, options);
  });
  if (!has_text) result.make_intset(options);
  return result;
}

// ---- Union.

// `form` is the encoding of the set in which the members are collected.
Set union_of(Sets sets, Encoding form, const SetOptions& options) {
  Set result(form, options);
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    set->for_each([&](PackedValue member) { result.add(member, options); });
  }
  return result;
}

// ---- Difference.

// Whether looking up every member of the first set in the others costs less than removing the
// members of the others from a copy of the first, by Redis's estimate.
bool is_look_up_cheaper(Sets sets) {
  size_t look_ups = 0;
  size_t removals = 0;
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    look_ups += sets.front()->size();
    removals += set->size();
  }
  return look_ups / 2 <= removals;
}

// Removes absent sets, and orders the sets to subtract by size. The largest comes first, because it
// is the most likely to contain a member.
void order_for_subtraction(std::vector<const Set*>& sets) {
  std::erase(sets, nullptr);
  std::stable_sort(sets.begin() + 1, sets.end(),
                   [](const Set* a, const Set* b) { return a->size() > b->size(); });
}

template <typename Visit>
void for_each_in_difference(Sets sets, Visit&& visit) {
  sets.front()->for_each([&](PackedValue member) {
    const bool is_elsewhere = std::ranges::any_of(
        sets.subspan(1), [member](const Set* set) { return set->contains(member); });
    if (!is_elsewhere) visit(member);
  });
}

Set subtract_from_copy(Sets sets, Encoding form, const SetOptions& options) {
  Set result = union_of(sets.first(1), form, options);
  for (const Set* set : sets.subspan(1)) {
    if (result.empty()) break;
    set->for_each([&](PackedValue member) { result.erase(member); });
  }
  return result;
}

// The result of SDIFFSTORE. The first set must exist.
Set difference(std::vector<const Set*>& sets, const SetOptions& options) {
  order_for_subtraction(sets);
  if (!is_look_up_cheaper(sets)) return subtract_from_copy(sets, Encoding::kIntset, options);
  Set result;
  for_each_in_difference(sets, [&](PackedValue member) { result.add(member, options); });
  return result;
}

// ---- Results.

void reply_set(Call& call, const Set& set) {
  call.reply().set(set.size());
  set.for_each([&call](PackedValue member) { reply_value(call.reply(), member); });
}

// Stores the result at the command's first key, in place of any old value. An empty result removes
// the key.
void store_result(Call& call, Set result, std::string_view event) {
  Key key = call.write(1);
  const size_t size = result.size();
  const bool was_there = key.exists();
  if (was_there) key.erase();
  if (size != 0) {
    *key.open<Set>() = std::move(result);
    key.changed(notify::kSet, event);
  } else if (was_there) {
    key.changed(notify::kGeneric, "del");
  }
  call.reply().integer(static_cast<int64_t>(size));
}

struct CardOptions {
  std::span<const std::string_view> names;
  size_t limit = std::numeric_limits<size_t>::max();
};

// Returns how many keys `args` has: numkeys key [key ...] [LIMIT limit].
Result<size_t> count_names(Call::Args args) {
  return count_keys(args, 0,
                    Error::literal("ERR Number of keys can't be greater than number of args"));
}

// Parses numkeys key [key ...] [LIMIT limit].
Result<CardOptions> parse_card_options(Call::Args words) {
  const Result<size_t> names = count_names(words);
  if (!names.ok()) return names.error();
  CardOptions options{.names = words.subspan(1, *names)};
  for (engine::ArgReader args(words.subspan(1 + *names)); !args.done();) {
    if (!args.take_with("LIMIT")) return errors::syntax();
    const std::optional<int64_t> limit = parse_int64(args.next());
    if (!limit || *limit < 0) return Error::literal("ERR LIMIT can't be negative");
    options.limit = *limit == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(*limit);
  }
  return options;
}

}  // namespace

Status sinter(Call& call) {
  Operands operands;
  if (Status status = operands.load(call, call.args_from(1)); !status.ok()) return status;
  std::vector<const Set*>& sets = operands.sets();
  if (!order_for_intersection(sets)) {
    call.reply().set(0);
    return {};
  }
  size_t count = 0;
  const auto mark = call.reply().begin();
  sets.front()->for_each([&](PackedValue member) {
    if (!is_in_all(member, Sets(sets).subspan(1))) return;
    reply_value(call.reply(), member);
    ++count;
  });
  call.reply().end_set(mark, count);
  return {};
}

Status sinterstore(Call& call) {
  const SetOptions options = set_options(call);
  Set result;
  {
    Operands operands;
    if (Status status = operands.load(call, call.args_from(2)); !status.ok()) return status;
    if (order_for_intersection(operands.sets())) result = intersection(operands.sets(), options);
  }
  store_result(call, std::move(result), "sinterstore");
  return {};
}

Status sintercard(Call& call) {
  const Result<CardOptions> options = parse_card_options(call.args_from(1));
  if (!options.ok()) return options.error();
  Operands operands;
  if (Status status = operands.load(call, options->names); !status.ok()) return status;
  std::vector<const Set*>& sets = operands.sets();
  size_t count = 0;
  if (order_for_intersection(sets)) {
    sets.front()->all_of([&](PackedValue member) {
      count += is_in_all(member, Sets(sets).subspan(1)) ? 1 : 0;
      return count < options->limit;
    });
  }
  call.reply().integer(static_cast<int64_t>(count));
  return {};
}

Status sunion(Call& call) {
  Operands operands;
  if (Status status = operands.load(call, call.args_from(1)); !status.ok()) return status;
  std::vector<const Set*>& sets = operands.sets();
  std::erase(sets, nullptr);
  if (sets.size() == 1) {
    reply_set(call, *sets.front());
    return {};
  }
  const bool is_intset = std::ranges::all_of(
      sets, [](const Set* set) { return set->encoding() == Encoding::kIntset; });
  // A table finds members that it already has faster than a listpack does.
  const Encoding form = is_intset ? Encoding::kIntset : Encoding::kHashtable;
  reply_set(call, union_of(sets, form, set_options(call)));
  return {};
}

Status sunionstore(Call& call) {
  Set result;
  {
    Operands operands;
    if (Status status = operands.load(call, call.args_from(2)); !status.ok()) return status;
    result = union_of(operands.sets(), Encoding::kIntset, set_options(call));
  }
  store_result(call, std::move(result), "sunionstore");
  return {};
}

Status sdiff(Call& call) {
  Operands operands;
  if (Status status = operands.load(call, call.args_from(1)); !status.ok()) return status;
  std::vector<const Set*>& sets = operands.sets();
  if (sets.front() == nullptr) {
    call.reply().set(0);
    return {};
  }
  order_for_subtraction(sets);
  if (!is_look_up_cheaper(sets)) {
    reply_set(call, subtract_from_copy(sets, Encoding::kHashtable, set_options(call)));
    return {};
  }
  size_t count = 0;
  const auto mark = call.reply().begin();
  for_each_in_difference(sets, [&](PackedValue member) {
    reply_value(call.reply(), member);
    ++count;
  });
  call.reply().end_set(mark, count);
  return {};
}

Status sdiffstore(Call& call) {
  Set result;
  {
    Operands operands;
    if (Status status = operands.load(call, call.args_from(2)); !status.ok()) return status;
    if (operands.sets().front() != nullptr) result = difference(operands.sets(), set_options(call));
  }
  store_result(call, std::move(result), "sdiffstore");
  return {};
}

engine::KeysFound sintercard_keys(std::span<const std::string_view> argv,
                                  std::vector<engine::KeyAt>& keys) {
  return append_counted(count_names(argv.subspan(1)), 2, engine::kKeyRO | engine::kKeyAccess, keys);
}

}  // namespace kvstash::commands
