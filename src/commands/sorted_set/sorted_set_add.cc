#include "commands/sorted_set/sorted_set_add.h"

#include "commands/shared/container_options.h"
#include "commands/sorted_set/sorted_set.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

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

// `args` has options, and then pairs of score and member.
Status add(Call& call, ArgReader args, bool is_increment) {
  const AddOptions options = parse_add_options(args, is_increment);
  const Call::Args pairs = call.args_from(call.argc() - args.left());
  if (pairs.empty() || pairs.size() % 2 != 0) return errors::syntax();
  const size_t count = pairs.size() / 2;
  if (Status status = check_add_options(options.rule, count); !status.ok()) return status;
  Additions additions(count);
  for (size_t i = 0; i < count; ++i) {
    const std::optional<double> score = parse_double(pairs[2 * i]);
    if (!score) return errors::not_a_float();
    additions[i] = {.score = *score, .member = pairs[2 * i + 1]};
  }
  return add_members(call, options, additions.span());
}

}  // namespace

Status add_members(Call& call, const AddOptions& options, std::span<const Addition> additions) {
  const ScoreRule& rule = options.rule;
  Key key = call.write(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (!key.exists() && rule.only_existing) {
    rule.increment ? call.reply().null() : call.reply().integer(0);
    return {};
  }
  const store::SortedSetOptions limits = sorted_set_options(call);
  auto set = key.open<SortedSet>();
  if (additions.size() > 1) set->make_large_if_due(limits, additions.size(), 0);

  size_t added = 0;
  size_t updated = 0;
  AddResult result{};
  for (const Addition& addition : additions) {
    result = set->add(addition.member, addition.score, rule, limits);
    added += result.change == ScoreChange::kAdded ? 1 : 0;
    updated += result.change == ScoreChange::kUpdated ? 1 : 0;
  }
  set.close();
  if (added + updated != 0)
    key.changed(notify::kZset, rule.increment ? "zincr" : "zadd", added + updated);

  if (rule.increment) return reply_incremented(call, result);
  call.reply().integer(static_cast<int64_t>(options.count_changed ? added + updated : added));
  return {};
}

Status zadd(Call& call) {
  return add(call, ArgReader(call.args_from(2)), false);
}

// As in Redis, ZINCRBY accepts the options of ZADD if a pair is left after them.
Status zincrby(Call& call) {
  return add(call, ArgReader(call.args_from(2)), true);
}

}  // namespace kvstash::commands
