#include "commands/string/string_options.h"

#include "base/numbers.h"
#include "engine/command/errors.h"

namespace kvstash::commands {
namespace {

using engine::ArgReader;
namespace errors = engine::errors;

struct UnitWord {
  std::string_view word;
  Expiry::Unit unit;
};

constexpr UnitWord kUnitWords[] = {
    {"EX", Expiry::Unit::kSeconds},
    {"PX", Expiry::Unit::kMilliseconds},
    {"EXAT", Expiry::Unit::kUnixSeconds},
    {"PXAT", Expiry::Unit::kUnixMilliseconds},
};

// Takes one of the four expiry words and its number. The same word may come again, and the last one
// counts. A different one is not accepted.
bool take_expiry(ArgReader& args, std::optional<Expiry>& expiry) {
  for (const UnitWord& candidate : kUnitWords) {
    if (expiry && expiry->unit != candidate.unit) continue;
    if (!args.take_with(candidate.word)) continue;
    expiry = {.unit = candidate.unit, .amount = args.next()};
    return true;
  }
  return false;
}

// Takes a condition of SET. NX and XX may be repeated; no other second condition is accepted.
bool take_condition(ArgReader& args, SetOptions& options) {
  const auto take = [&](SetCondition condition, bool found) {
    if (found) options.condition = condition;
    return found;
  };
  switch (options.condition) {
    case SetCondition::kAlways:
      if (take(SetCondition::kIfAbsent, args.take("NX"))) return true;
      if (take(SetCondition::kIfPresent, args.take("XX"))) return true;
      if (!take(SetCondition::kIfEqual, args.take_with("IFEQ")) &&
          !take(SetCondition::kIfNotEqual, args.take_with("IFNE")))
        return false;
      options.expected = args.next();
      return true;
    case SetCondition::kIfAbsent:
      return args.take("NX");
    case SetCondition::kIfPresent:
      return args.take("XX");
    case SetCondition::kIfEqual:
    case SetCondition::kIfNotEqual:
      return false;
  }
  return false;
}

}  // namespace

Status parse_set_options(ArgReader args, SetOptions& options) {
  while (!args.done()) {
    if (take_condition(args, options)) continue;
    if (args.take("GET")) {
      options.return_old = true;
    } else if (!options.expiry && args.take("KEEPTTL")) {
      options.keep_deadline = true;
    } else if (options.keep_deadline || !take_expiry(args, options.expiry)) {
      return errors::syntax();
    }
  }
  return {};
}

Result<SetOptions> parse_msetex_options(ArgReader args) {
  SetOptions options;
  if (Status status = parse_set_options(args, options); !status.ok()) return status.error();
  if (options.return_old || options.compares()) return errors::syntax();
  return options;
}

Result<GetexOptions> parse_getex_options(ArgReader args) {
  GetexOptions options;
  while (!args.done()) {
    if (!options.expiry && args.take("PERSIST")) {
      options.persist = true;
    } else if (options.persist || !take_expiry(args, options.expiry)) {
      return errors::syntax();
    }
  }
  return options;
}

Result<int64_t> deadline_from(const Expiry& expiry, int64_t now_ms, std::string_view command) {
  const std::optional<int64_t> amount = parse_int64(expiry.amount);
  if (!amount) return errors::not_an_integer();
  if (*amount <= 0) return errors::invalid_expire(command);
  const std::optional<int64_t> span_ms =
      expiry.is_in_seconds() ? checked_mul(*amount, 1000) : amount;
  if (!span_ms) return errors::invalid_expire(command);
  const std::optional<int64_t> deadline_ms =
      expiry.is_absolute() ? span_ms : checked_add(*span_ms, now_ms);
  if (!deadline_ms) return errors::invalid_expire(command);
  return *deadline_ms;
}

}  // namespace kvstash::commands
