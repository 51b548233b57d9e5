#include "engine/execution/turn_clock.h"

#include "sim/sim_clock.h"

#include <doctest/doctest.h>

using namespace kvstash::engine;
using kvstash::test::SimClock;

TEST_CASE("the clock of a turn stands still until it is looked at") {
  SimClock machine;
  TurnClock clock(machine);
  const int64_t began_ms = clock.ms();
  CHECK(began_ms == machine.wall_ms());
  machine.move_by(5'000'700 * int64_t{1000});
  CHECK(clock.ms() == began_ms);
  clock.look();
  CHECK(clock.ms() == began_ms + 5000);
  CHECK(clock.moment().us == (began_ms + 5000) * 1000 + 700);
}

TEST_CASE("that the clock was set back is known until it is forgotten") {
  SimClock machine;
  TurnClock clock(machine);
  clock.look();
  CHECK_FALSE(clock.was_set_back());
  machine.jump_wall_ms(-1000);
  CHECK_FALSE(clock.was_set_back());
  clock.look();
  CHECK(clock.was_set_back());
  machine.jump_wall_ms(2000);
  clock.look();
  CHECK(clock.was_set_back());
  clock.forget_set_back();
  CHECK_FALSE(clock.was_set_back());
}
