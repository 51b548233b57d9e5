#include "net/timer.h"

#include "unit/net/loopback.h"

#include <optional>

using namespace kvstash::net;
using namespace kvstash::net::test;
using namespace std::chrono_literals;

TEST_CASE("a timer fires once, and not before its delay is over") {
  Loop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  CHECK_FALSE(timer.is_running());
  const auto begin = std::chrono::steady_clock::now();
  timer.start(5ms);
  CHECK(timer.is_running());
  run_until(loop, [&] { return fired > 0; });
  CHECK(std::chrono::steady_clock::now() - begin >= 4ms);  // The loop's clock has no fractions.
  CHECK_FALSE(timer.is_running());
  run_ready(loop);
  CHECK(fired == 1);
}

TEST_CASE("a repeating timer fires until it is stopped") {
  Loop loop;
  int fired = 0;
  Timer timer(loop, [&] {
    if (++fired == 3) timer.stop();
  });
  timer.start_repeating(1ms);
  run_until(loop, [&] { return !timer.is_running(); });
  CHECK(fired == 3);
}

TEST_CASE("a timer that is started again counts from then") {
  Loop loop;
  bool fired = false;
  Timer timer(loop, [&] { fired = true; });
  timer.start(0ms);
  timer.start(1h);
  run_ready(loop);
  CHECK_FALSE(fired);
}

TEST_CASE("a timer knows when it is due") {
  Loop loop;
  Timer timer(loop, [] {});
  CHECK_FALSE(timer.due_in().has_value());
  timer.start(1h);
  REQUIRE(timer.due_in().has_value());
  CHECK(*timer.due_in() <= 1h);
  CHECK(*timer.due_in() > 59min);
  timer.stop();
  CHECK_FALSE(timer.due_in().has_value());
}

TEST_CASE("a timer may be destroyed by what it calls") {
  Loop loop;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] {
    ++fired;
    timer.reset();
  });
  timer->start_repeating(1ms);
  run_until(loop, [&] { return fired > 0; });
  run_ready(loop);
  CHECK(fired == 1);
}
