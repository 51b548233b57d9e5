#include "base/cpu_time.h"

#include <doctest/doctest.h>

#include <thread>

TEST_CASE("the processor time of a thread is its own, and stands still while it waits") {
  using kvstash::thread_cpu_ns;
  constexpr int64_t kWorkNs = 20'000'000;
  const int64_t begin = thread_cpu_ns();
  while (thread_cpu_ns() < begin + kWorkNs) {
  }
  const int64_t before_wait = thread_cpu_ns();
  std::thread([] {
    while (thread_cpu_ns() < kWorkNs) {
    }
  }).join();
  CHECK(thread_cpu_ns() - before_wait < kWorkNs / 2);
}
