#include "base/cpu_time.h"

#include "base/clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

TEST_CASE("the processor time of a thread grows while it works, and not while it sleeps") {
  using namespace kvstash;
  const int64_t begin = thread_cpu_ns();
  while (thread_cpu_ns() < begin + 2'000'000) {
  }
  const int64_t before_sleep = thread_cpu_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(thread_cpu_ns() - before_sleep < 40'000'000);
}
