// cpu_time: processor time, by which a test measures work independently of the load on the machine.
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
