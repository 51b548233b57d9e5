#include "engine/client/pause.h"

#include <doctest/doctest.h>

using namespace kvstash::engine;

TEST_CASE("a pause holds until its time is over") {
  Pause pause;
  CHECK_FALSE(pause.is_on());
  CHECK_FALSE(pause.end_if_over(1000));
  pause.begin(0, 100, PauseMode::kWrites);
  CHECK(pause.is_on());
  CHECK_FALSE(pause.is_for_all());
  CHECK_FALSE(pause.end_if_over(99));
  CHECK(pause.is_on());
  CHECK(pause.end_if_over(100));
  CHECK_FALSE(pause.is_on());
  CHECK_FALSE(pause.until_ns().has_value());
}

TEST_CASE("of two pauses the later end and the stricter mode hold") {
  for (const bool strict_first : {true, false}) {
    for (const bool long_first : {true, false}) {
      Pause pause;
      pause.begin(0, long_first ? 200 : 100, strict_first ? PauseMode::kAll : PauseMode::kWrites);
      pause.begin(0, long_first ? 100 : 200, strict_first ? PauseMode::kWrites : PauseMode::kAll);
      CHECK(pause.is_for_all());
      CHECK_FALSE(pause.end_if_over(199));
      CHECK(pause.end_if_over(200));
    }
  }
}

TEST_CASE("writes that a failover holds wait until it is over, whatever clients pause") {
  Pause pause;
  pause.hold_writes(true);
  CHECK(pause.is_on());
  CHECK_FALSE(pause.is_for_all());
  CHECK_FALSE(pause.end_if_over(1'000'000));
  pause.begin(0, 100, PauseMode::kAll);
  CHECK(pause.is_for_all());
  CHECK(pause.end_if_over(100));
  CHECK(pause.is_on());
  CHECK_FALSE(pause.is_for_all());
  pause.begin(100, 200, PauseMode::kWrites);
  pause.end();
  CHECK(pause.is_on());
  pause.hold_writes(false);
  CHECK_FALSE(pause.is_on());
}

TEST_CASE("a pause that is over does not make the next one stricter or longer") {
  Pause pause;
  pause.begin(0, 200, PauseMode::kAll);
  pause.end();
  pause.begin(0, 100, PauseMode::kWrites);
  CHECK_FALSE(pause.is_for_all());
  CHECK(pause.end_if_over(100));
}

TEST_CASE(
    "a pause that was over when the next one was asked for has no say, also if nobody looked") {
  Pause pause;
  pause.begin(0, 100, PauseMode::kAll);
  pause.begin(100, 150, PauseMode::kWrites);
  CHECK_FALSE(pause.is_for_all());
  CHECK(pause.end_if_over(150));
}
