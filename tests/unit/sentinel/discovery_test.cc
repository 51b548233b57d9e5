#include "sentinel/discovery.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

constexpr std::string_view kPrimary = "10.0.0.1:6379";
const std::string kPeerA(40, 'c');
const std::string kPeerB(40, 'd');
const std::string kPeerC(40, 'e');

std::string hello_of(const std::string& host, const std::string& id, int current_epoch = 0,
                     const std::string& primary = "10.0.0.1", int config_epoch = 0) {
  return host + ",26379," + id + "," + std::to_string(current_epoch) + ",mymaster," + primary +
         ",6379," + std::to_string(config_epoch);
}

TEST_CASE("replicas are found in the INFO of the primary, once, and saved") {
  LoneSentinel sentinel;
  sentinel.open(kPrimary);
  sentinel.answer_all(kPrimary, primary_info({"10.0.0.2:6379", "10.0.0.3:6380"}));
  CHECK(sentinel.events() ==
        Lines{"+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379",
              "+slave slave 10.0.0.3:6380 10.0.0.3 6380 @ mymaster 10.0.0.1 6379"});
  CHECK(sentinel.file().find("sentinel known-replica mymaster 10.0.0.3 6380\n") !=
        std::string::npos);
  sentinel.pass(10'200ms);
  sentinel.answer_all(kPrimary, primary_info({"10.0.0.2:6379"}));
  CHECK(sentinel.events().empty());
  CHECK(sentinel.group().replicas.size() == 2);  // One that is away is not forgotten.
}

TEST_CASE("a replica's own list of replicas is not looked at") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel known-replica mymaster 10.0.0.2 6379\n");
  sentinel.open("10.0.0.2:6379");
  sentinel.answer_all("10.0.0.2:6379",
                      replica_info(1) + "slave0:ip=10.0.0.9,port=1,state=online\r\n");
  CHECK(sentinel.group().replicas.size() == 1);
}

TEST_CASE("a new run id of a primary is a reboot, and counts as down if asked for") {
  for (const bool is_asked : {false, true}) {
    CAPTURE(is_asked);
    LoneSentinel sentinel(
        std::string(LoneSentinel::kMonitor) +
        (is_asked ? "sentinel master-reboot-down-after-period mymaster 500\n" : ""));
    sentinel.open(kPrimary);
    sentinel.answer_all(kPrimary, primary_info({}, kRunIdA));
    while (sentinel.group().primary.link->requests.empty() ||
           sentinel.group().primary.link->requests.back().kind != RequestKind::kInfo) {
      sentinel.pass(100ms);
      if (sentinel.sent(kPrimary) != Lines{"INFO"}) sentinel.answer_all(kPrimary, primary_info());
    }
    sentinel.answer_all(kPrimary, primary_info({}, kRunIdB));
    CHECK(sentinel.events() == Lines{"+reboot master mymaster 10.0.0.1 6379"});
    sentinel.pass(700ms);
    CHECK(sentinel.group().primary.is_subjectively_down == is_asked);
    // A PONG says that it has loaded its data.
    sentinel.pass(700ms);
    sentinel.answer_all(kPrimary, primary_info({}, kRunIdB));
    sentinel.pass(100ms);
    CHECK_FALSE(sentinel.group().primary.is_subjectively_down);
  }
}

TEST_CASE("sentinels are found by their hello, once") {
  LoneSentinel sentinel;
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA));
  CHECK(sentinel.events() ==
        Lines{"+sentinel sentinel " + kPeerA + " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379"});
  CHECK(sentinel.file().find("sentinel known-sentinel mymaster 10.0.1.2 26379 " + kPeerA + "\n") !=
        std::string::npos);
  CHECK(sentinel.command({"PUBLISH", "__sentinel__:hello", hello_of("10.0.1.2", kPeerA)}) ==
        ":1\r\n");
  CHECK(sentinel.events().empty());
}

TEST_CASE(
    "our own hello, those of other primaries and those of hosts without a number are passed over") {
  LoneSentinel sentinel;
  sentinel.message(kPrimary, hello_of("10.0.1.1", sentinel.state().my_id));
  sentinel.message(kPrimary, "10.0.1.2,26379," + kPeerA + ",9,other,10.0.0.1,6379,9");
  sentinel.message(kPrimary, hello_of("sentinel-2", kPeerA));
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA, 5, "node-1", 5));
  CHECK(sentinel.group().sentinels.empty());
  CHECK(sentinel.state().current_epoch == 0);
}

TEST_CASE("a sentinel that moved has its new address for all primaries") {
  LoneSentinel sentinel(LoneSentinel::two_primaries(kPeerA));
  sentinel.message(kPrimary, hello_of("10.0.1.7", kPeerA));
  CHECK(sentinel.events() ==
        Lines{"+sentinel-address-switch master mymaster 10.0.0.1 6379 ip 10.0.1.7 port 26379 for " +
                  kPeerA,
              "+sentinel-address-update sentinel " + kPeerA +
                  " 10.0.1.7 26379 @ other 10.0.0.9 6379"});
  for (size_t i = 0; i < 2; ++i) {
    REQUIRE(sentinel.group(i).sentinels.size() == 1);
    CHECK(sentinel.group(i).sentinels[0]->address.ip == "10.0.1.7");
  }
  CHECK(sentinel.group(0).sentinels[0]->link == sentinel.group(1).sentinels[0]->link);
}

TEST_CASE("a new sentinel at the address of another replaces it") {
  LoneSentinel sentinel;
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA));
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerB));
  CHECK(sentinel.events() ==
        Lines{"+sentinel-invalid-addr sentinel " + kPeerA +
                  " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379",
              "+sentinel sentinel " + kPeerB + " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379"});
  REQUIRE(sentinel.group().sentinels.size() == 1);
  CHECK(sentinel.group().sentinels[0]->run_id == kPeerB);
}

TEST_CASE("a newer configuration of a peer is taken, and the old primary becomes a replica") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel known-replica mymaster 10.0.0.2 6379\n"
                        "sentinel known-replica mymaster 10.0.0.3 6379\n"
                        "sentinel client-reconfig-script mymaster /tell\n");
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA, 4, "10.0.0.2", 3));
  const Lines events = sentinel.events();
  REQUIRE(events.size() == 6);
  CHECK(events[1] == "+new-epoch 4");
  CHECK(events[2] ==
        "+config-update-from sentinel " + kPeerA + " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379");
  CHECK(events[3] == "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
  CHECK(events[4] == "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379");
  CHECK(events[5] == "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379");
  CHECK(sentinel.group().config_epoch == 3);
  const auto scripts = sentinel.all<RunScript>();
  REQUIRE(scripts.size() == 1);
  CHECK(scripts[0].argv ==
        Lines{"/tell", "mymaster", "observer", "start", "10.0.0.1", "6379", "10.0.0.2", "6379"});
  CHECK(sentinel.file().find("sentinel monitor mymaster 10.0.0.2 6379 2\n") != std::string::npos);

  // An older one is not.
  sentinel.message("10.0.0.3:6379", hello_of("10.0.1.2", kPeerA, 4, "10.0.0.3", 2));
  CHECK(sentinel.group().primary.address.ip == "10.0.0.2");
}

TEST_CASE("of two configurations of one epoch, that of the sentinel with the greater id holds") {
  const std::string config = "sentinel myid " + kPeerB + "\n" +
                             std::string(LoneSentinel::kMonitor) +
                             "sentinel config-epoch mymaster 3\n";
  LoneSentinel greater(config);
  greater.message(kPrimary, hello_of("10.0.1.2", kPeerA, 3, "10.0.0.2", 3));
  CHECK(greater.group().primary.address.ip == "10.0.0.1");
  LoneSentinel smaller(config);
  smaller.message(kPrimary, hello_of("10.0.1.2", kPeerC, 3, "10.0.0.2", 3));
  CHECK(smaller.group().primary.address.ip == "10.0.0.2");
  CHECK(smaller.group().config_epoch == 3);
}

TEST_CASE(
    "a newer configuration ends a failover of ours that is older, also if the primary is the "
    "same") {
  for (const int epoch : {1, 0}) {
    CAPTURE(epoch);
    LoneSentinel sentinel(
        "sentinel monitor mymaster 10.0.0.1 6379 1\n"
        "sentinel known-replica mymaster 10.0.0.2 6379\n");
    sentinel.open("10.0.0.2:6379");
    sentinel.answer_all("10.0.0.2:6379", replica_info(1));
    sentinel.skip(1ms);  // So that this INFO is not fresh enough to choose by.
    REQUIRE(sentinel.command({"SENTINEL", "FAILOVER", "mymaster"}) == "+OK\r\n");
    sentinel.answer_all("10.0.0.2:6379", replica_info(1));
    REQUIRE(sentinel.group().failover.step == FailoverStep::kWaitPromotion);
    sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA, 1, "10.0.0.1", epoch));
    const bool is_under_way = sentinel.group().failover.is_under_way();
    CHECK(is_under_way == (epoch == 0));
    // What the replica says now counts for the failover only if there still is one.
    sentinel.answer_all("10.0.0.2:6379", primary_info());
    CHECK((sentinel.group().primary.address.ip == "10.0.0.2") == is_under_way);
  }
}

TEST_CASE("names are resolved before anybody is connected to, and again when a link broke") {
  LoneSentinel sentinel(
      "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n"
      "sentinel monitor mymaster Node-1 6379 2\n");
  CHECK(sentinel.all<Resolve>() == std::vector<Resolve>{{.name = "node-1"}});
  CHECK(sentinel.all<Connect>().empty());
  sentinel.step(NameResolved{.name = "node-1", .ip = ""});
  CHECK(sentinel.all<WriteLog>()[0].text == "Failed to resolve hostname 'node-1'");
  sentinel.pass(1'100ms);
  REQUIRE(sentinel.all<Resolve>().size() == 1);
  sentinel.step(NameResolved{.name = sentinel.all<Resolve>()[0].name, .ip = "10.0.0.1"});
  REQUIRE(sentinel.all<Connect>().size() == 2);
  CHECK(sentinel.all<Connect>()[0].ip == "10.0.0.1");
  CHECK(sentinel.command({"SENTINEL", "get-master-addr-by-name", "mymaster"}) ==
        "*2\r\n$6\r\nNode-1\r\n$4\r\n6379\r\n");
  // A peer that says the address in numbers means the same primary.
  sentinel.message(kPrimary, hello_of("10.0.1.2", kPeerA, 3, "10.0.0.1", 3));
  CHECK(sentinel.events().size() == 2);  // +sentinel, +new-epoch
  CHECK(sentinel.group().config_epoch == 3);
  // It stands for another address now.
  sentinel.step(LinkClosed{.link = *sentinel.commands_link(kPrimary), .reason = "reset"});
  sentinel.pass(1'200ms);
  REQUIRE_FALSE(sentinel.all<Resolve>().empty());
  sentinel.step(NameResolved{.name = sentinel.all<Resolve>()[0].name, .ip = "10.0.0.8"});
  REQUIRE(sentinel.all<Connect>().size() == 2);
  CHECK(sentinel.all<Connect>()[0].ip == "10.0.0.8");
}

TEST_CASE("replicas that do not want to be announced are not shown") {
  LoneSentinel sentinel(std::string(LoneSentinel::kMonitor) +
                        "sentinel known-replica mymaster 10.0.0.2 6379\n");
  CHECK(sentinel.command({"SENTINEL", "replicas", "mymaster"}).starts_with("*1\r\n"));
  sentinel.open("10.0.0.2:6379");
  sentinel.answer_all("10.0.0.2:6379", replica_info(1) + "replica_announced:0\r\n");
  CHECK(sentinel.command({"SENTINEL", "replicas", "mymaster"}) == "*0\r\n");
}

}  // namespace
}  // namespace kvstash::sentinel::test
