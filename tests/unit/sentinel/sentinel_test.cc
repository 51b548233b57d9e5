#include "sentinel/sentinel.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the same state, events and times give the same actions") {
  const auto run = [](uint64_t seed) {
    LoneSentinel sentinel(
        SentinelSetup{.config_text = std::string(LoneSentinel::kMonitor), .seed = seed});
    Actions all = sentinel.actions;
    sentinel.pass(40s);
    all.insert(all.end(), sentinel.actions.begin(), sentinel.actions.end());
    return all;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("a configuration that is wrong is refused") {
  const auto made = Sentinel::make({.config_text = "sentinel nonsense\n"});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message().ends_with("Unrecognized sentinel configuration statement."));
}

TEST_CASE(
    "at its start a sentinel saves its file, tells its id and what it watches, and wants a timer") {
  const LoneSentinel sentinel;
  REQUIRE(sentinel.actions.size() > 3);
  CHECK(std::holds_alternative<SaveConfig>(sentinel.actions.front()));
  CHECK(sentinel.all<WriteLog>()[0].text == "Sentinel ID is " + sentinel.state().my_id);
  CHECK(sentinel.events() ==
        std::vector<std::string>{"+monitor master mymaster 10.0.0.1 6379 quorum 2"});
  REQUIRE(sentinel.all<SetTimer>().size() == 1);
  CHECK(sentinel.all<SetTimer>()[0].after >= 50ms);
  CHECK(sentinel.all<SetTimer>()[0].after < 100ms);
}

TEST_CASE("a sentinel does not watch itself, though its file may name it") {
  const LoneSentinel sentinel("sentinel myid " + kRunIdA + "\n" +
                              std::string(LoneSentinel::kMonitor) +
                              "sentinel known-sentinel mymaster 10.0.1.1 26379 " + kRunIdA + "\n");
  CHECK(sentinel.group().sentinels.empty());
}

TEST_CASE("a restarted sentinel knows what it knew") {
  LoneSentinel sentinel;
  sentinel.open("10.0.0.1:6379");
  sentinel.answer_all("10.0.0.1:6379", primary_info({"10.0.0.2:6379", "10.0.0.3:6379"}));
  sentinel.message("10.0.0.1:6379", "10.0.1.2,26379," + kRunIdB + ",8,mymaster,10.0.0.2,6379,6");
  const LoneSentinel again(sentinel.file());
  CHECK(saved_state(again.state()) == saved_state(sentinel.state()));
  CHECK(again.group().config_epoch == 6);
  CHECK(again.state().current_epoch == 8);
  CHECK(again.group().replicas.size() == 2);
  CHECK(again.group().sentinels.size() == 1);
}

TEST_CASE("the outcome of saving is logged") {
  LoneSentinel sentinel;
  sentinel.step(ConfigSaved{});
  CHECK(sentinel.actions == Actions{WriteLog{.text = "Sentinel new configuration saved on disk",
                                             .level = LogLevel::kNotice}});
  sentinel.step(ConfigSaved{.error = "Read-only file system"});
  CHECK(sentinel.actions ==
        Actions{WriteLog{.text = "WARNING: Sentinel was not able to save the new configuration on "
                                 "disk!!!: Read-only file system",
                         .level = LogLevel::kWarning}});
}

TEST_CASE("the time of an election begins when its epoch is on the disk") {
  LoneSentinel sentinel(
      "sentinel monitor mymaster 10.0.0.1 6379 1\n"
      "sentinel down-after-milliseconds mymaster 1000\n"
      "sentinel known-sentinel mymaster 10.0.1.2 26379 " +
      kRunIdB + "\n");
  const auto has_told = [&sentinel](std::string_view channel) {
    for (const std::string& event : sentinel.events())
      if (event.starts_with(channel)) return true;
    return false;
  };
  for (int i = 0; i < 50 && !has_told("+try-failover"); ++i)
    sentinel.pass(Duration(100));
  REQUIRE(has_told("+try-failover"));
  sentinel.skip(Duration(1'500));
  sentinel.step(ConfigSaved{});
  sentinel.pass(Duration(9'800));
  CHECK_FALSE(has_told("-failover-abort-not-elected"));
  sentinel.pass(Duration(500));
  CHECK(has_told("-failover-abort-not-elected"));
}

TEST_CASE("news of links that are not ours, and replies that nobody asked for, are passed over") {
  LoneSentinel sentinel;
  sentinel.step(ReplyReceived{.link = LinkId{99}, .reply = simple("PONG")});
  sentinel.step(LinkOpened{.link = LinkId{99}, .local_ip = "1.1.1.1"});
  sentinel.step(LinkClosed{.link = LinkId{99}, .reason = ""});
  CHECK(sentinel.actions.empty());
  for (int i = 0; i < 20; ++i)
    sentinel.answer("10.0.0.1:6379", simple("PONG"));
  CHECK(sentinel.group().primary.link->requests.empty());
}

}  // namespace
}  // namespace kvstash::sentinel::test
