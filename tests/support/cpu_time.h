// cpu_time: what a test measures where work must be little, however busy the machine is.
#pragma once

#include <cstdint>
#include <ctime>

namespace kvstash::test {

// Processor time that the calling thread has used, in nanoseconds.
inline int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace kvstash::test
