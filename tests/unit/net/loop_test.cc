#include "net/loop.h"

#include "net/timer.h"
#include "unit/net/loopback.h"

using namespace kvstash::net;
using namespace std::chrono_literals;

TEST_CASE("a loop without anything to watch returns at once") {
  Loop loop;
  CHECK_FALSE(loop.is_alive());
  loop.run_once();
  loop.run_nowait();
}

TEST_CASE("a turn without waiting leaves what is not due alone") {
  Loop loop;
  bool fired = false;
  Timer timer(loop, [&] { fired = true; });
  timer.start(1h);
  loop.run_nowait();
  CHECK_FALSE(fired);
  CHECK(loop.is_alive());
}

TEST_CASE("closing a loop waits for what was destroyed on it") {
  Loop loop;
  {
    Timer timer(loop, [] {});
  }
  CHECK(loop.is_alive());
  loop.close();  // The sanitizers see the timer's memory leak if it does not.
}

TEST_CASE("the turn in which a timer fires does not wait for anything else") {
  Loop loop;
  bool is_over = false;
  bool has_waited = false;
  Timer later(loop, [&] { has_waited = true; });
  Timer now(loop, [&] { is_over = true; });
  later.start(200ms);
  now.start(0ms);
  loop.run_once();
  CHECK(is_over);
  CHECK_FALSE(has_waited);
}
