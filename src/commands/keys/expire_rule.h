// Expire rule: the meaning of the arguments of EXPIRE and its variants, without any key.
//
// Pure; any thread. Times are milliseconds since 1970 unless they say otherwise.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"

#include <cstdint>
#include <optional>

namespace kvstash::commands {

// The conditions under which a new deadline is set. If several are given, all must hold. A key
// without a deadline counts as one with the latest deadline.
struct ExpireCondition {
  bool if_none = false;     // NX: the key has no deadline.
  bool if_some = false;     // XX: the key has a deadline.
  bool if_later = false;    // GT: it is later.
  bool if_earlier = false;  // LT: it is earlier.
};

// Parses all remaining `args`. Errors: unknown words, and pairs that exclude each other.
Result<ExpireCondition> parse_expire_condition(engine::ArgReader args);

bool is_met(const ExpireCondition& condition, std::optional<int64_t> current_ms, int64_t new_ms);

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds };

// `value` units after `base_ms`, which may be in the past; none if it overflows.
std::optional<int64_t> deadline_after(int64_t base_ms, int64_t value, TimeUnit unit);

// Converts `ms`, which is not negative, to `unit`. Seconds are rounded to the nearest.
int64_t in_unit(int64_t ms, TimeUnit unit);

}  // namespace kvstash::commands
