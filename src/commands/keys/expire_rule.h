// Expire rule: what the arguments of EXPIRE and its relatives mean, apart from any key.
//
// Pure; any thread. Times are milliseconds since 1970 unless they say otherwise.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"

#include <cstdint>
#include <optional>

namespace kvstash::commands {

// When the new deadline counts. Several may be asked for; all must hold. No deadline at all counts
// as the latest.
struct ExpireCondition {
  bool if_none = false;     // NX: the key has no deadline.
  bool if_some = false;     // XX: it has one.
  bool if_later = false;    // GT
  bool if_earlier = false;  // LT
};

// Everything that is left in `args`. Errors: unknown words, and pairs that exclude each other.
Result<ExpireCondition> parse_expire_condition(engine::ArgReader args);

bool is_met(const ExpireCondition& condition, std::optional<int64_t> current_ms, int64_t new_ms);

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds };

// `value` units after `base_ms`; none if that does not fit. May lie in the past.
std::optional<int64_t> deadline_after(int64_t base_ms, int64_t value, TimeUnit unit);

// `ms` (not negative) as a client is told: seconds are rounded to the nearest.
int64_t in_unit(int64_t ms, TimeUnit unit);

}  // namespace kvstash::commands
