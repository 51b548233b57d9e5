#include "base/clock.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace kvstash;

TEST_CASE("an instant is milliseconds since 1970, and moves by durations") {
  using namespace std::chrono_literals;
  CHECK(to_ms(from_ms(1500)) == 1500);
  CHECK(to_ms(from_ms(1500) + 2s) == 3500);
  CHECK(from_ms(1) < from_ms(2));
}

TEST_CASE("the wall clock agrees with the system's in both units") {
  const auto seconds = static_cast<int64_t>(std::time(nullptr));
  CHECK(std::llabs(to_ms(wall_now()) / 1000 - seconds) <= 2);
  CHECK(std::llabs(wall_now_us() / 1'000'000 - seconds) <= 2);
}

TEST_CASE("the monotonic clock does not go back") {
  int64_t last = monotonic_ns();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = monotonic_ns();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("cycles measure the same time as the monotonic clock") {
  cycles_to_ns(0);  // Measures the rate, once.
  // A process that loses its core between the two readings disagrees with itself; not five times.
  bool agreed = false;
  for (int attempt = 0; attempt < 5 && !agreed; ++attempt) {
    const int64_t begin_ns = monotonic_ns();
    const uint64_t begin = cycles();
    while (monotonic_ns() - begin_ns < 5'000'000) {
    }
    const int64_t measured = cycles_to_ns(cycles() - begin);
    const int64_t elapsed = monotonic_ns() - begin_ns;
    agreed = std::llabs(measured - elapsed) < elapsed / 50;
  }
  CHECK(agreed);
}

TEST_CASE("the system's clock as a port tells the same times") {
  const SystemClock clock;
  const int64_t before_us = wall_now_us();
  const int64_t before_ns = monotonic_ns();
  const int64_t now_ns = clock.monotonic_ns();
  CHECK(now_ns >= before_ns);
  CHECK(monotonic_ns() >= now_ns);
  CHECK(std::llabs(clock.wall_now_us() - before_us) < 2'000'000);
}
