#include "sentinel/script_queue.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::sentinel {
namespace {

using namespace std::chrono_literals;

constexpr Moment kStart{Duration(1'000'000)};

ScriptEnded exited(ScriptId id, int code) {
  return {.script = id, .exit_code = code};
}

TEST_CASE("at most sixteen scripts run at once") {
  ScriptQueue queue;
  for (int i = 0; i < 20; ++i)
    queue.add({"/script", std::to_string(i)});
  std::vector<ScriptJob> begun;
  while (const auto job = queue.begin_next(kStart))
    begun.push_back(*job);
  REQUIRE(begun.size() == kScriptsRunningMax);
  CHECK(begun[0].argv[1] == "0");
  CHECK(queue.running() == kScriptsRunningMax);

  queue.ended(begun[3].id, exited(begun[3].id, 0), Periods{}, kStart);
  const auto next = queue.begin_next(kStart);
  REQUIRE(next);
  CHECK(next->argv[1] == "16");
}

TEST_CASE("a full queue loses the oldest script that has not begun") {
  ScriptQueue queue;
  for (size_t i = 0; i < kScriptsQueuedMax; ++i)
    queue.add({"/script", std::to_string(i)});
  REQUIRE(queue.begin_next(kStart));
  queue.add({"/script", "last"});
  CHECK(queue.jobs().size() == kScriptsQueuedMax);
  CHECK(queue.jobs()[0].argv[1] == "0");  // It runs.
  CHECK(queue.jobs()[1].argv[1] == "2");
  CHECK(queue.jobs().back().argv[1] == "last");
}

TEST_CASE("exit code 1 and signals repeat a script ten times, each pause double the last") {
  ScriptQueue queue;
  queue.add({"/script"});
  Moment now = kStart;
  Duration pause = 30s;
  for (uint32_t tries = 1; tries <= kScriptTriesMax; ++tries) {
    CAPTURE(tries);
    const auto job = queue.begin_next(now);
    REQUIRE(job);
    CHECK(job->tries == tries);
    ScriptEnded how = exited(job->id, 1);
    if (tries % 2 == 0) how = {.script = job->id, .exit_code = 0, .signal = 9};
    const auto ended = queue.ended(job->id, how, Periods{}, now);
    REQUIRE(ended);
    CHECK(ended->runs_again == (tries < kScriptTriesMax));
    CHECK_FALSE(queue.begin_next(now + pause - 1ms));
    now += pause;
    pause *= 2;
  }
  CHECK(queue.jobs().empty());
}

TEST_CASE("other exit codes end a script") {
  for (const int code : {0, 2, 255}) {
    CAPTURE(code);
    ScriptQueue queue;
    queue.add({"/script"});
    const auto job = queue.begin_next(kStart);
    const auto ended = queue.ended(job->id, exited(job->id, code), Periods{}, kStart);
    REQUIRE(ended);
    CHECK_FALSE(ended->runs_again);
    CHECK(queue.jobs().empty());
  }
}

TEST_CASE("a script that runs longer than a minute is late until it ended") {
  ScriptQueue queue;
  queue.add({"/script"});
  const auto job = queue.begin_next(kStart);
  CHECK(queue.too_long(Periods{}, kStart + 60s).empty());
  CHECK(queue.too_long(Periods{}, kStart + 61s).size() == 1);
  queue.ended(job->id, {.script = job->id, .exit_code = 0, .signal = 9}, Periods{}, kStart + 61s);
  CHECK(queue.too_long(Periods{}, kStart + 62s).empty());
}

TEST_CASE("a script that cannot be started is given up after ten tries") {
  ScriptQueue queue;
  queue.add({"/script"});
  for (uint32_t tries = 1; tries <= kScriptTriesMax; ++tries) {
    const auto job = queue.begin_next(kStart);
    REQUIRE(job);
    CHECK(queue.not_started(job->id));
  }
  CHECK(queue.jobs().empty());
}

TEST_CASE("the end of a script that nobody started changes nothing") {
  ScriptQueue queue;
  queue.add({"/script"});
  CHECK_FALSE(queue.ended(ScriptId{99}, exited(ScriptId{99}, 0), Periods{}, kStart));
  CHECK_FALSE(queue.not_started(ScriptId{99}));
  CHECK(queue.jobs().size() == 1);
}

}  // namespace
}  // namespace kvstash::sentinel
