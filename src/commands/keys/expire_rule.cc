#include "commands/keys/expire_rule.h"

#include "base/numbers.h"

namespace kvstash::commands {

Result<ExpireCondition> parse_expire_condition(engine::ArgReader args) {
  ExpireCondition condition;
  while (!args.done()) {
    if (args.take("NX")) {
      condition.if_none = true;
    } else if (args.take("XX")) {
      condition.if_some = true;
    } else if (args.take("GT")) {
      condition.if_later = true;
    } else if (args.take("LT")) {
      condition.if_earlier = true;
    } else {
      // As in Redis, the message shows the word up to its first NUL.
      const std::string_view word = args.peek();
      return Error::text("ERR Unsupported option " + std::string(word.substr(0, word.find('\0'))));
    }
  }
  if (condition.if_none && (condition.if_some || condition.if_later || condition.if_earlier)) {
    return Error::literal("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (condition.if_later && condition.if_earlier)
    return Error::literal("ERR GT and LT options at the same time are not compatible");
  return condition;
}

bool is_met(const ExpireCondition& condition, std::optional<int64_t> current_ms, int64_t new_ms) {
  if (condition.if_none && current_ms) return false;
  if (condition.if_some && !current_ms) return false;
  if (condition.if_later && (!current_ms || new_ms <= *current_ms)) return false;
  if (condition.if_earlier && current_ms && new_ms >= *current_ms) return false;
  return true;
}

std::optional<int64_t> deadline_after(int64_t base_ms, int64_t value, TimeUnit unit) {
  const std::optional<int64_t> ms =
      unit == TimeUnit::kSeconds ? checked_mul(value, 1000) : std::optional(value);
  if (!ms) return std::nullopt;
  return checked_add(base_ms, *ms);
}

int64_t in_unit(int64_t ms, TimeUnit unit) {
  if (unit == TimeUnit::kMilliseconds) return ms;
  return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);  // Adding 500 first could overflow.
}

}  // namespace kvstash::commands
