#include "sentinel/connections.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

constexpr std::string_view kPrimary = "10.0.0.1:6379";

size_t count_of(const Lines& lines, std::string_view wanted) {
  return static_cast<size_t>(std::ranges::count(lines, wanted));
}

TEST_CASE("a primary gets two connections, which are introduced before anything else") {
  const LoneSentinel sentinel("sentinel myid " + kRunIdA + "\n" +
                              std::string(LoneSentinel::kMonitor));
  const auto connects = sentinel.all<Connect>();
  REQUIRE(connects.size() == 2);
  CHECK(connects[0] == Connect{.link = connects[0].link, .ip = "10.0.0.1", .port = 6379});
  CHECK(sentinel.sent(kPrimary) == Lines{"CLIENT SETNAME sentinel-aaaaaaaa-cmd", "PING",
                                         "CLIENT SETNAME sentinel-aaaaaaaa-pubsub",
                                         "SUBSCRIBE __sentinel__:hello", "INFO"});
}

TEST_CASE("links are authenticated: data nodes by auth-pass, peers by sentinel-pass") {
  const std::string peer = "sentinel known-sentinel mymaster 10.0.1.2 26379 " + kRunIdB + "\n";
  const std::string monitor(LoneSentinel::kMonitor);
  const LoneSentinel plain(monitor + peer +
                           "sentinel auth-pass mymaster pw\n"
                           "sentinel sentinel-pass spw\n");
  CHECK(plain.sent(kPrimary)[0] == "AUTH pw");
  CHECK(plain.sent("10.0.1.2:26379")[0] == "AUTH spw");
  const LoneSentinel named(monitor + peer +
                           "sentinel auth-pass mymaster pw\nsentinel auth-user mymaster bob\n"
                           "sentinel sentinel-pass spw\nsentinel sentinel-user joe\n");
  CHECK(named.sent(kPrimary)[0] == "AUTH bob pw");
  CHECK(named.sent("10.0.1.2:26379")[0] == "AUTH joe spw");
  SentinelSetup setup{.config_text = monitor + peer, .seed = 1};
  setup.process.require_pass = "mine";
  setup.process.use_tls = true;
  const LoneSentinel shared(std::move(setup));
  CHECK(shared.sent(kPrimary)[0].starts_with("CLIENT SETNAME"));
  CHECK(shared.sent("10.0.1.2:26379")[0] == "AUTH mine");
  CHECK(shared.all<Connect>()[0].use_tls);
}

TEST_CASE("commands go out by the names that the nodes know") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel rename-command mymaster PING knock\n"
                        "sentinel rename-command mymaster SUBSCRIBE listen\n");
  CHECK(count_of(sentinel.sent(kPrimary), "knock") == 1);
  CHECK(count_of(sentinel.sent(kPrimary), "listen __sentinel__:hello") == 1);
}

TEST_CASE("a peer is asked what it is, and its answer decides the pace") {
  const std::string peer = "10.0.1.2:26379";
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel known-sentinel mymaster 10.0.1.2 26379 " + kRunIdB + "\n");
  CHECK(count_of(sentinel.sent(peer), "INFO server") == 1);
  CHECK(sentinel.all<Connect>().size() == 3);  // A peer has no channel for messages.
  sentinel.open(peer);
  sentinel.answer_all(peer, "redis_version:7.0.15\r\n");
  CHECK(sentinel.group().sentinels[0]->link->program == Program::kRedis);
  // It is asked again when it is connected again: it may have been replaced.
  sentinel.step(LinkClosed{.link = *sentinel.commands_link(peer), .reason = "x"});
  sentinel.pass(1'200ms);
  CHECK(count_of(sentinel.sent(peer), "INFO server") == 1);
  sentinel.open(peer);
  sentinel.answer_all(peer, "kvstash_version:1\r\n");
  CHECK(sentinel.group().sentinels[0]->link->program == Program::kKvstash);
}

TEST_CASE(
    "PING is sent every second, or four times in a short down-after; INFO every ten seconds") {
  const struct {
    int64_t down_after;
    bool keep_redis_times;
    size_t pings;  // In 12 seconds.
  } rows[] = {{30'000, false, 10}, {1'000, false, 30}, {1'000, true, 10}};
  for (const auto& row : rows) {
    CAPTURE(row.down_after);
    CAPTURE(row.keep_redis_times);
    SentinelSetup setup{.config_text = std::string(LoneSentinel::kMonitor) +
                                       "sentinel down-after-milliseconds mymaster " +
                                       std::to_string(row.down_after) + "\n",
                        .seed = 1};
    setup.process.keep_redis_times = row.keep_redis_times;
    LoneSentinel sentinel(std::move(setup));
    sentinel.open(kPrimary);
    sentinel.answer_all(kPrimary, primary_info());
    size_t pings = 0;
    size_t infos = 0;
    size_t hellos = 0;
    for (int i = 0; i < 120; ++i) {
      sentinel.pass(100ms);
      for (const std::string& line : sentinel.sent(kPrimary)) {
        pings += line == "PING";
        infos += line == "INFO";
        hellos += line.starts_with("PUBLISH");
      }
      sentinel.answer_all(kPrimary, primary_info());
    }
    CHECK(pings >= row.pings);
    CHECK(pings <= row.pings + row.pings / 3);
    CHECK(infos == 1);
    CHECK((hellos == 5 || hellos == 6));
  }
}

TEST_CASE("a hello says where we are, and what the configuration is") {
  LoneSentinel sentinel("sentinel myid " + kRunIdA + "\nsentinel current-epoch 4\n" +
                        std::string(LoneSentinel::kMonitor) + "sentinel config-epoch mymaster 3\n");
  sentinel.pass(100ms);
  CHECK(count_of(sentinel.sent(kPrimary), "PING") == 0);
  sentinel.open(kPrimary, "192.168.0.9");
  CHECK(sentinel.sent(kPrimary) == Lines{"PUBLISH __sentinel__:hello 192.168.0.9,26379," + kRunIdA +
                                         ",4,mymaster,10.0.0.1,6379,3"});
  sentinel.answer_all(kPrimary, primary_info());
  sentinel.command({"SENTINEL", "CONFIG", "SET", "announce-ip", "1.1.1.1", "announce-port", "5"});
  sentinel.pass(2'200ms);
  bool is_announced = false;
  for (const std::string& line : sentinel.sent(kPrimary))
    is_announced |= line.starts_with("PUBLISH __sentinel__:hello 1.1.1.1,5," + kRunIdA);
  CHECK(is_announced);
}

TEST_CASE("a link that broke is opened again, not more than once a period") {
  LoneSentinel sentinel;
  sentinel.open(kPrimary);
  sentinel.step(LinkClosed{.link = *sentinel.commands_link(kPrimary), .reason = "reset"});
  const auto logs = sentinel.all<WriteLog>();
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].text == "-cmd-link-reconnection master mymaster 10.0.0.1 6379 #reset");
  CHECK(logs[0].level == LogLevel::kDebug);
  CHECK(sentinel.group().primary.link->is_disconnected);
  sentinel.pass(900ms);
  CHECK(sentinel.all<Connect>().empty());
  sentinel.pass(200ms);
  CHECK(sentinel.all<Connect>().size() == 1);
  // News of the old connection means nothing any more.
  const LinkId old{1};
  sentinel.step(LinkClosed{.link = old, .reason = "late"});
  CHECK(sentinel.actions.empty());
}

TEST_CASE("a link on which nothing is answered is closed after fifteen seconds") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel down-after-milliseconds mymaster 1000\n");
  sentinel.open(kPrimary);
  sentinel.pass(14'900ms);
  CHECK(sentinel.all<Disconnect>().empty());
  sentinel.pass(300ms);
  CHECK(sentinel.all<Disconnect>().size() == 2);  // Nothing came by the other one either.
}

TEST_CASE("a busy script of an instance that is down is killed, once") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel down-after-milliseconds mymaster 1000\n");
  sentinel.open(kPrimary);
  sentinel.answer(kPrimary, simple("OK"));
  sentinel.answer(kPrimary, error("BUSY Redis is busy running a script."));
  CHECK(sentinel.sent(kPrimary).empty());  // It is not down yet.
  sentinel.pass(1'200ms);
  REQUIRE(sentinel.group().primary.is_subjectively_down);
  sentinel.answer(kPrimary, bulk(""));  // Of INFO.
  sentinel.answer(kPrimary, integer(1));
  sentinel.answer(kPrimary, error("BUSY Redis is busy running a script."));
  CHECK(sentinel.sent(kPrimary) == Lines{"SCRIPT KILL"});
  sentinel.answer(kPrimary, error("BUSY Redis is busy running a script."));
  CHECK(sentinel.sent(kPrimary).empty());
}

TEST_CASE("commands that are not answered are not sent without end") {
  LoneSentinel sentinel;
  sentinel.command({"SENTINEL", "DEBUG", "min-link-reconnect-period", "100000000"});
  sentinel.pass(600s);
  CHECK(sentinel.group().primary.link->requests.size() <= kPendingCommandsMax);
}

TEST_CASE("a peer that watches two primaries with us has one link") {
  LoneSentinel sentinel(LoneSentinel::two_primaries(kRunIdB));
  CHECK(sentinel.state().links.size() == 3);
  CHECK(sentinel.group(0).sentinels[0]->link == sentinel.group(1).sentinels[0]->link);
  CHECK(sentinel.group(0).sentinels[0]->link->users == 2);
  CHECK(sentinel.all<Connect>().size() == 5);
  // Taking one of them away leaves the link to the other.
  sentinel.command({"SENTINEL", "REMOVE", "mymaster"});
  CHECK(sentinel.all<Disconnect>().size() == 2);
  CHECK(sentinel.group(0).sentinels[0]->link->users == 1);
  sentinel.command({"SENTINEL", "REMOVE", "other"});
  CHECK(sentinel.all<Disconnect>().size() == 3);
  CHECK(sentinel.state().links.size() == 0);
  CHECK(sentinel.state().instances.empty());
}

TEST_CASE("replies to an instance that is gone are passed over") {
  LoneSentinel sentinel(LoneSentinel::two_primaries(kRunIdB));
  sentinel.open("10.0.1.2:26379");
  sentinel.command({"SENTINEL", "REMOVE", "mymaster"});
  sentinel.answer_all("10.0.1.2:26379", "kvstash_version:1\r\n");
  const Link& link = *sentinel.group(0).sentinels[0]->link;
  CHECK(link.requests.empty());
  CHECK(link.program == Program::kKvstash);  // That is not about one instance.
}

}  // namespace
}  // namespace kvstash::sentinel::test
