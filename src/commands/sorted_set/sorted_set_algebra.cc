// ZUNION, ZINTER, ZDIFF and the commands that store or count their results. Declared in
// sorted_set.h.
//
// Inputs are sorted sets and sets; all members of a set have the score 1. As in Redis, inputs are
// visited from the smallest to the largest, which decides how floating-point sums are rounded.
#include "commands/shared/container_options.h"
#include "commands/shared/counted_keys.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/sorted_set/sorted_set_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using engine::Viewed;
using store::Set;
using store::SortedSet;
using store::ValueType;
namespace errors = engine::errors;

constexpr double kSetScore = 1;

// ---- Inputs.

// One of the sets to combine. Borrows the value, which must not change meanwhile.
struct Input {
  ValueType type = ValueType::kSortedSet;
  store::ObjectWord word{};  // 0: the key does not exist.
  size_t size = 0;
  double weight = 1;

  bool is_set() const { return type == ValueType::kSet; }
};

Result<Input> input_of(const Key& key) {
  if (!key.exists()) return Input{};
  if (key.type() != ValueType::kSortedSet && key.type() != ValueType::kSet)
    return errors::wrong_type();
  Input input{.type = key.type(), .word = key.entry().object()};
  input.size = input.is_set() ? key.view<Set>()->size() : key.view<SortedSet>()->size();
  return input;
}

// Calls visit(member, score) for each member.
template <typename Visit>
void for_each(const Input& input, const Visit& visit) {
  if (input.word == 0) return;
  if (input.is_set()) {
    const Viewed<Set> set(input.word);
    set->for_each([&](store::PackedValue member) {
      char scratch[kInt64CharsMax];
      visit(member.string(scratch), kSetScore);
    });
    return;
  }
  const Viewed<SortedSet> set(input.word);
  for (SortedSet::Iterator at = set->first(); !at.at_end(); at.next())
    visit(at.member(), at.score());
}

std::optional<double> score_in(const Input& input, std::string_view member) {
  if (input.word == 0) return std::nullopt;
  if (!input.is_set()) return Viewed<SortedSet>(input.word)->score(member);
  return Viewed<Set>(input.word)->contains(member) ? std::optional(kSetScore) : std::nullopt;
}

// ---- Arguments.

enum class Operation : uint8_t { kUnion, kIntersection, kDifference };
enum class Aggregate : uint8_t { kSum, kMin, kMax };

// What happens to the result.
enum class Outcome : uint8_t { kReplied, kStored, kCounted };

struct Combination {
  std::vector<Input> inputs;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  size_t limit = std::numeric_limits<size_t>::max();  // ZINTERCARD stops counting here.
};

Status parse_weights(ArgReader& args, std::vector<Input>& inputs) {
  for (Input& input : inputs) {
    const std::optional<double> weight = parse_double(args.next());
    if (!weight) return Error::literal("ERR weight value is not a float");
    input.weight = *weight;
  }
  return {};
}

Status parse_aggregate(ArgReader& args, Aggregate& aggregate) {
  if (args.take("SUM")) {
    aggregate = Aggregate::kSum;
  } else if (args.take("MIN")) {
    aggregate = Aggregate::kMin;
  } else if (args.take("MAX")) {
    aggregate = Aggregate::kMax;
  } else {
    return errors::syntax();
  }
  return {};
}

Status parse_limit(ArgReader& args, size_t& limit) {
  const std::optional<int64_t> given = parse_int64(args.next());
  if (!given || *given < 0) return Error::literal("ERR LIMIT can't be negative");
  if (*given != 0) limit = static_cast<size_t>(*given);
  return {};
}

Status parse_options(ArgReader args, Operation operation, Outcome outcome,
                     Combination& combination) {
  const bool combines = operation != Operation::kDifference && outcome != Outcome::kCounted;
  while (!args.done()) {
    Status status;
    if (combines && args.take_with("WEIGHTS", combination.inputs.size())) {
      status = parse_weights(args, combination.inputs);
    } else if (combines && args.take_with("AGGREGATE")) {
      status = parse_aggregate(args, combination.aggregate);
    } else if (outcome == Outcome::kReplied && args.take("WITHSCORES")) {
      combination.with_scores = true;
    } else if (outcome == Outcome::kCounted && args.take_with("LIMIT")) {
      status = parse_limit(args, combination.limit);
    } else {
      return errors::syntax();
    }
    if (!status.ok()) return status;
  }
  return {};
}

// Returns how many keys `args` has: numkeys key [key ...] and options.
Result<size_t> count_inputs(Call::Args args, std::string_view command) {
  const std::optional<int64_t> count = parse_int64(args[0]);
  if (!count) return errors::not_an_integer();
  if (*count < 1) {
    return Error::text("ERR at least 1 input key is needed for '" + std::string(command) +
                       "' command");
  }
  const auto keys = static_cast<size_t>(*count);
  if (keys > args.size() - 1) return errors::syntax();
  return keys;
}

// Parses numkeys key [key ...] and options, and looks up the keys.
Result<Combination> parse_combination(Call& call, Call::Args args, Operation operation,
                                      Outcome outcome) {
  const Result<size_t> keys = count_inputs(args, call.command().spec->name);
  if (!keys.ok()) return keys.error();
  Combination combination;
  combination.inputs.reserve(*keys);
  for (const std::string_view name : args.subspan(1, *keys)) {
    const Result<Input> input = input_of(call.read(name));
    if (!input.ok()) return input.error();
    combination.inputs.push_back(*input);
  }
  const ArgReader options(args.subspan(1 + *keys));
  if (Status status = parse_options(options, operation, outcome, combination); !status.ok())
    return status.error();
  return combination;
}

// ---- Combining.

// The sum of both infinities, and zero times an infinity, are not numbers, and count as 0.
double zero_if_nan(double score) {
  return std::isnan(score) ? 0 : score;
}

// The order of the two arguments matters if one of them is NaN.
double aggregated(double score, double more, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum:
      return zero_if_nan(score + more);
    case Aggregate::kMin:
      return more < score ? more : score;
    case Aggregate::kMax:
      break;
  }
  return more > score ? more : score;
}

SortedSet unite(const Combination& combination, const store::SortedSetOptions& limits) {
  const std::vector<Input>& inputs = combination.inputs;
  SortedSet result(limits, inputs.back().size, 0);
  for (const Input& input : inputs) {
    for_each(input, [&](std::string_view member, double plain) {
      const double score = zero_if_nan(input.weight * plain);
      const store::AddResult added = result.add(member, score, {.only_new = true}, limits);
      if (added.change == store::ScoreChange::kSkipped)
        result.add(member, aggregated(added.score, score, combination.aggregate), limits);
    });
  }
  return result;
}

// The member's score in the intersection; nothing if an input lacks it. `plain` is its score in the
// smallest input.
std::optional<double> common_score(const Combination& combination, std::string_view member,
                                   double plain) {
  const std::vector<Input>& inputs = combination.inputs;
  double score = zero_if_nan(inputs[0].weight * plain);
  for (size_t i = 1; i < inputs.size(); ++i) {
    const bool is_same = inputs[i].word == inputs[0].word;
    const std::optional<double> found = is_same ? plain : score_in(inputs[i], member);
    if (!found) return std::nullopt;
    score = aggregated(score, *found * inputs[i].weight, combination.aggregate);
  }
  return score;
}

SortedSet intersect(const Combination& combination, const store::SortedSetOptions& limits) {
  SortedSet result;
  for_each(combination.inputs[0], [&](std::string_view member, double plain) {
    const std::optional<double> score = common_score(combination, member, plain);
    if (score) result.add(member, *score, limits);
  });
  return result;
}

size_t count_common(const Combination& combination) {
  size_t count = 0;
  for_each(combination.inputs[0], [&](std::string_view member, double plain) {
    if (count < combination.limit && common_score(combination, member, plain)) ++count;
  });
  return count;
}

// Whether removing the members of the other inputs from a copy of the first is less work than
// looking up each member of the first in the others. Redis decides by the same estimate.
bool is_subtraction_cheaper(const std::vector<Input>& inputs) {
  double lookups = 0;
  double removals = 0;
  for (const Input& input : inputs) {
    lookups += static_cast<double>(inputs[0].size);
    removals += static_cast<double>(input.size);
  }
  return lookups / 2 > removals;
}

SortedSet subtract(const std::vector<Input>& inputs, const store::SortedSetOptions& limits) {
  SortedSet result(limits, inputs[0].size, 0);
  for_each(inputs[0],
           [&](std::string_view member, double score) { result.add(member, score, limits); });
  for (size_t i = 1; i < inputs.size() && !result.empty(); ++i) {
    for_each(inputs[i], [&](std::string_view member, double) { result.erase(member); });
  }
  result.make_small_if_fits(limits);
  return result;
}

SortedSet differ(const std::vector<Input>& inputs, const store::SortedSetOptions& limits) {
  if (is_subtraction_cheaper(inputs)) return subtract(inputs, limits);
  SortedSet result;
  for_each(inputs[0], [&](std::string_view member, double score) {
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].word == inputs[0].word || score_in(inputs[i], member)) return;
    }
    result.add(member, score, limits);
  });
  return result;
}

void sort_by_size(std::vector<Input>& inputs) {
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const Input& a, const Input& b) { return a.size < b.size; });
}

SortedSet combine(Combination& combination, Operation operation,
                  const store::SortedSetOptions& limits) {
  if (operation == Operation::kDifference) return differ(combination.inputs, limits);
  sort_by_size(combination.inputs);
  return operation == Operation::kUnion ? unite(combination, limits)
                                        : intersect(combination, limits);
}

// ---- Commands.

Status reply_combined(Call& call, Operation operation) {
  Result<Combination> combination =
      parse_combination(call, call.args_from(1), operation, Outcome::kReplied);
  if (!combination.ok()) return combination.error();
  const SortedSet result = combine(*combination, operation, sorted_set_options(call));
  reply_ranks(call.reply(), result, {.first = 0, .count = result.size()}, false,
              combination->with_scores);
  return {};
}

Status store_combined(Call& call, Operation operation, std::string_view event) {
  Result<Combination> combination =
      parse_combination(call, call.args_from(2), operation, Outcome::kStored);
  if (!combination.ok()) return combination.error();
  SortedSet result = combine(*combination, operation, sorted_set_options(call));
  call.reply().integer(static_cast<int64_t>(result.size()));
  Key destination = call.write(1);
  store_sorted_set(destination, result, event);
  return {};
}

}  // namespace

Status zunion(Call& call) {
  return reply_combined(call, Operation::kUnion);
}

Status zinter(Call& call) {
  return reply_combined(call, Operation::kIntersection);
}

Status zdiff(Call& call) {
  return reply_combined(call, Operation::kDifference);
}

Status zunionstore(Call& call) {
  return store_combined(call, Operation::kUnion, "zunionstore");
}

Status zinterstore(Call& call) {
  return store_combined(call, Operation::kIntersection, "zinterstore");
}

Status zdiffstore(Call& call) {
  return store_combined(call, Operation::kDifference, "zdiffstore");
}

Status zintercard(Call& call) {
  Result<Combination> combination =
      parse_combination(call, call.args_from(1), Operation::kIntersection, Outcome::kCounted);
  if (!combination.ok()) return combination.error();
  sort_by_size(combination->inputs);
  call.reply().integer(static_cast<int64_t>(count_common(*combination)));
  return {};
}

// Finds the keys of all commands that combine sorted sets and reply or count the result.
engine::KeysFound zunion_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys) {
  return append_counted(count_inputs(argv.subspan(1), argv[0]), 2,
                        engine::kKeyRO | engine::kKeyAccess, keys);
}

engine::KeysFound zunionstore_keys(std::span<const std::string_view> argv,
                                   std::vector<engine::KeyAt>& keys) {
  keys.push_back({1, engine::kKeyOW | engine::kKeyUpdate});
  return append_counted(count_inputs(argv.subspan(2), argv[0]), 3,
                        engine::kKeyRO | engine::kKeyAccess, keys);
}

}  // namespace kvstash::commands
