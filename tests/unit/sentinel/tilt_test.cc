#include "sentinel/tilt.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

TEST_CASE(
    "a timer that is more than two seconds late makes the sentinel only watch, for half a minute") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel down-after-milliseconds mymaster 1000\n");
  sentinel.pass(500ms);
  sentinel.skip(2'000ms);
  sentinel.step(TimerFired{});
  CHECK_FALSE(sentinel.state().is_tilted);  // Exactly two seconds are allowed.
  REQUIRE(sentinel.group().primary.is_subjectively_down);

  sentinel.skip(2'001ms);
  sentinel.step(TimerFired{});
  CHECK(sentinel.state().is_tilted);
  CHECK(sentinel.events() == Lines{"+tilt #tilt mode entered"});
  // It tells nobody that the primary is down.
  CHECK(sentinel.command({"SENTINEL", "is-master-down-by-addr", "10.0.0.1", "6379", "0", "*"}) ==
        "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n");
  CHECK(sentinel.core()
            .info_lines(sentinel.now() + 3'500ms)
            .find("sentinel_tilt:1\r\nsentinel_tilt_since_seconds:3\r\n") != std::string::npos);
  sentinel.pass(29'900ms);
  CHECK(sentinel.events().empty());
  sentinel.pass(200ms);
  CHECK(sentinel.events() == Lines{"-tilt #tilt mode exited"});
  CHECK_FALSE(sentinel.state().is_tilted);
}

TEST_CASE("while a sentinel only watches it calls nobody down") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel down-after-milliseconds mymaster 1000\n");
  sentinel.skip(2'500ms);
  sentinel.step(TimerFired{});
  sentinel.pass(20s);
  CHECK(sentinel.events().empty());
  CHECK_FALSE(sentinel.group().primary.is_subjectively_down);
  CHECK_FALSE(sentinel.sent("10.0.0.1:6379").empty());  // But it goes on to ask.
}

}  // namespace
}  // namespace kvstash::sentinel::test
