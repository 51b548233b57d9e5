#include "net/alarm.h"

#include "base/clock.h"
#include "unit/net/loopback.h"

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

TEST_CASE("an alarm fires once, and never before its time") {
  Loop loop;
  int64_t fired_at_ns = 0;
  int fired = 0;
  Alarm alarm(loop, [&] {
    fired_at_ns = monotonic_ns();
    ++fired;
  });
  for (int64_t delay_ns = 100'000; delay_ns < 3'000'000; delay_ns += 271'828) {
    const int64_t at_ns = monotonic_ns() + delay_ns;
    fired = 0;
    alarm.set(at_ns);
    run_until(loop, [&] { return fired > 0; });
    CHECK(fired_at_ns >= at_ns);
    run_ready(loop);
    CHECK(fired == 1);
  }
}

TEST_CASE("an alarm that is set anew forgets its old time") {
  Loop loop;
  int fired = 0;
  Alarm alarm(loop, [&] { ++fired; });
  const int64_t now_ns = monotonic_ns();
  alarm.set(now_ns + 1'000'000);
  alarm.set(now_ns + 5'000'000);
  run_until(loop, [&] { return fired > 0; });
  CHECK(monotonic_ns() >= now_ns + 5'000'000);
  run_ready(loop);
  CHECK(fired == 1);
}

TEST_CASE("an alarm for a time that has passed fires at once") {
  Loop loop;
  int fired = 0;
  Alarm alarm(loop, [&] { ++fired; });
  for (const int64_t at_ns : {monotonic_ns() - 1, int64_t{1}, int64_t{0}, int64_t{-5}}) {
    fired = 0;
    alarm.set(at_ns);
    run_until(loop, [&] { return fired > 0; });
    CHECK(fired == 1);
  }
}

TEST_CASE("an alarm may set itself") {
  Loop loop;
  int fired = 0;
  Alarm* self = nullptr;
  Alarm alarm(loop, [&] {
    if (++fired < 3) self->set(monotonic_ns() + 100'000);
  });
  self = &alarm;
  alarm.set(monotonic_ns());
  run_until(loop, [&] { return fired == 3; });
  run_ready(loop);
  CHECK(fired == 3);
}
