// ZADD and ZINCRBY. Declared in sorted_set.h.
#include "commands/container_options.h"
#include "commands/sorted_set.h"
#include "engine/arg_reader.h"
#include "engine/call.h"

#include <array>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::AddResult;
using store::ScoreChange;
using store::ScoreRule;
using store::SortedSet;
namespace errors = engine::errors;
namespace notify = engine::notify;

struct AddOptions {
  ScoreRule rule;
  bool count_changed = false;  // CH
};

AddOptions parse_add_options(ArgReader& args, bool is_increment) {
  AddOptions options{.rule = {.increment = is_increment}};
  for (;;) {
    if (args.take("NX")) {
      options.rule.only_new = true;
    } else if (args.take("XX")) {
      options.rule.only_existing = true;
    } else if (args.take("CH")) {
      options.count_changed = true;
    } else if (args.take("INCR")) {
      options.rule.increment = true;
    } else if (args.take("GT")) {
      options.rule.only_greater = true;
    } else if (args.take("LT")) {
      options.rule.only_less = true;
    } else {
      return options;
    }
  }
}

Status check_add_options(const ScoreRule& rule, size_t elements) {
  if (rule.only_new && rule.only_existing)
    return Error::literal("ERR XX and NX options at the same time are not compatible");
  if ((rule.only_greater && rule.only_new) || (rule.only_less && rule.only_new) ||
      (rule.only_greater && rule.only_less)) {
    return Error::literal("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (rule.increment && elements > 1)
    return Error::literal("ERR INCR option supports a single increment-element pair");
  return {};
}

// The scores of a command: read before anything is changed. A few need no allocation.
class Scores {
 public:
  // `pairs`: score, member, score, member, ...
  Status parse(Call::Args pairs) {
    const size_t count = pairs.size() / 2;
    if (count > few_.size()) many_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const std::optional<double> score = parse_double(pairs[2 * i]);
      if (!score) return errors::not_a_float();
      data()[i] = *score;
    }
    return {};
  }
  double operator[](size_t i) const { return many_.empty() ? few_[i] : many_[i]; }

 private:
  double* data() { return many_.empty() ? few_.data() : many_.data(); }

  std::array<double, 16> few_;
  std::vector<double> many_;
};

struct AddCounts {
  size_t added = 0;
  size_t updated = 0;
};

Status reply_incremented(Call& call, const AddResult& result) {
  if (result.change == ScoreChange::kNotANumber)
    return Error::literal("ERR resulting score is not a number (NaN)");
  if (result.change == ScoreChange::kSkipped) {
    call.reply().null();
  } else {
    call.reply().dbl(result.score);
  }
  return {};
}

// `args`: options, and then pairs of score and member.
Status add(Call& call, ArgReader args, bool is_increment) {
  const AddOptions options = parse_add_options(args, is_increment);
  const ScoreRule& rule = options.rule;
  const Call::Args pairs = call.args_from(call.argc() - args.left());
  if (pairs.empty() || pairs.size() % 2 != 0) return errors::syntax();
  if (Status status = check_add_options(rule, pairs.size() / 2); !status.ok()) return status;
  Scores scores;
  if (Status status = scores.parse(pairs); !status.ok()) return status;

  Key key = call.write(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (!key.exists() && rule.only_existing) {
    rule.increment ? call.reply().null() : call.reply().integer(0);
    return {};
  }
  const store::SortedSetOptions limits = sorted_set_options(call);
  auto set = key.open<SortedSet>();
  if (pairs.size() > 2) set->make_large_if_due(limits, pairs.size() / 2, 0);

  AddCounts counts;
  AddResult result{};
  for (size_t i = 0; i < pairs.size(); i += 2) {
    result = set->add(pairs[i + 1], scores[i / 2], rule, limits);
    counts.added += result.change == ScoreChange::kAdded ? 1 : 0;
    counts.updated += result.change == ScoreChange::kUpdated ? 1 : 0;
  }
  set.close();
  if (counts.added + counts.updated != 0)
    key.changed(notify::kZset, rule.increment ? "zincr" : "zadd");

  if (rule.increment) return reply_incremented(call, result);
  const size_t told = counts.added + (options.count_changed ? counts.updated : 0);
  call.reply().integer(static_cast<int64_t>(told));
  return {};
}

}  // namespace

Status zadd(Call& call) {
  return add(call, ArgReader(call.args_from(2)), false);
}

// Takes the options of ZADD where they leave a pair, as Redis does.
Status zincrby(Call& call) {
  return add(call, ArgReader(call.args_from(2)), true);
}

}  // namespace kvstash::commands
