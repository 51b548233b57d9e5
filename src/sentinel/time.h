// Time as a sentinel sees it: milliseconds of a monotonic clock that its shell reads. A Moment is
// never taken from the wall clock, so that a machine whose date is set does not call anybody down.
#pragma once

#include <chrono>
#include <cstdint>

namespace kvstash::sentinel {

using Duration = std::chrono::milliseconds;

struct MonotonicClock {
  using rep = int64_t;
  using period = std::milli;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

using Moment = MonotonicClock::time_point;

}  // namespace kvstash::sentinel
