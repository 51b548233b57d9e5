#include "sentinel/scripts.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

// A sentinel whose notification script was just started.
struct Notified : LoneSentinel {
  Notified()
      : LoneSentinel(std::string(kMonitor) +
                     "sentinel notification-script mymaster /notify\n"
                     "sentinel down-after-milliseconds mymaster 900000\n") {}
  ScriptId script() const { return all<RunScript>().at(0).script; }
};

TEST_CASE("warnings about a primary start its notification script") {
  const Notified sentinel;
  const auto scripts = sentinel.all<RunScript>();
  REQUIRE(scripts.size() == 1);
  CHECK(scripts[0].argv == Lines{"/notify", "+monitor", "master mymaster 10.0.0.1 6379 quorum 2"});
}

TEST_CASE("SENTINEL PENDING-SCRIPTS tells what runs and what waits") {
  Notified sentinel;
  const ScriptId script = sentinel.script();
  sentinel.step(ScriptStarted{.script = script, .pid = 1234});
  CHECK(sentinel.all<WriteLog>()[0].text == "+script-child 1234");
  sentinel.skip(70ms);
  const std::string argv =
      "$4\r\nargv\r\n*3\r\n$7\r\n/notify\r\n$8\r\n+monitor\r\n$38\r\n"
      "master mymaster 10.0.0.1 6379 quorum 2\r\n";
  CHECK(sentinel.command({"SENTINEL", "PENDING-SCRIPTS"}) ==
        "*1\r\n*10\r\n" + argv +
            "$5\r\nflags\r\n$7\r\nrunning\r\n$3\r\npid\r\n$4\r\n1234\r\n"
            "$8\r\nrun-time\r\n$2\r\n70\r\n$9\r\nretry-num\r\n$1\r\n1\r\n");
  sentinel.step(ScriptEnded{.script = script, .exit_code = 1});
  CHECK(sentinel.all<WriteLog>()[0].text == "-script-child 1234 1 0");
  CHECK(sentinel.events().empty());
  sentinel.skip(10s);
  CHECK(sentinel.command({"SENTINEL", "PENDING-SCRIPTS"}) ==
        "*1\r\n*10\r\n" + argv +
            "$5\r\nflags\r\n$9\r\nscheduled\r\n$3\r\npid\r\n$1\r\n0\r\n"
            "$9\r\nrun-delay\r\n$5\r\n20000\r\n$9\r\nretry-num\r\n$1\r\n1\r\n");
  CHECK(sentinel.command({"SENTINEL", "PENDING-SCRIPTS"}, resp::RespVersion::k3)
            .starts_with("*1\r\n%5\r\n"));
}

TEST_CASE("a script that fails for good is an event, and so is one that cannot start") {
  Notified failing;
  failing.step(ScriptEnded{.script = failing.script(), .exit_code = 3});
  CHECK(failing.events() == Lines{"-script-error /notify 0 3"});
  Notified missing;
  missing.step(ScriptStarted{.script = missing.script(), .pid = 0});
  CHECK(missing.events() == Lines{"-script-error /notify 99 0"});
}

TEST_CASE("a script that runs for more than a minute is killed") {
  Notified sentinel;
  const ScriptId script = sentinel.script();
  sentinel.step(ScriptStarted{.script = script, .pid = 77});
  sentinel.pass(59'900ms);
  CHECK(sentinel.all<KillScript>().empty());
  sentinel.pass(200ms);
  CHECK(sentinel.all<KillScript>() == std::vector<KillScript>{{.script = script}});
  CHECK(sentinel.events() == Lines{"-script-timeout /notify 77"});
}

}  // namespace
}  // namespace kvstash::sentinel::test
