// What SENTINEL answers. The bytes were taken from redis-sentinel 7.0.15.
#include "sentinel/command.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

const std::string kPeerA(40, 'd');

std::string bulks(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words)
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

Argv words_of(const std::string& line) {
  auto words = split_args(line);
  REQUIRE(words.ok());
  return *words;
}

// A sentinel with a primary and one replica that both answer.
struct Known : LoneSentinel {
  Known() {
    open("10.0.0.1:6379");
    answer_all("10.0.0.1:6379", primary_info({"10.0.0.2:6379"}));
    pass(100ms);
    open("10.0.0.2:6379");
    answer_all("10.0.0.2:6379", replica_info(5));
  }
};

TEST_CASE("SENTINEL answers one-line replies and errors as Redis") {
  const struct {
    std::string line;
    std::string reply;
  } rows[] = {
      {"SENTINEL", "-ERR wrong number of arguments for 'sentinel' command\r\n"},
      {"SENTINEL foo x", "-ERR unknown subcommand 'foo'. Try SENTINEL HELP.\r\n"},
      {"SENTINEL master", "-ERR wrong number of arguments for 'sentinel|master' command\r\n"},
      {"SENTINEL masters x", "-ERR wrong number of arguments for 'sentinel|masters' command\r\n"},
      {"SENTINEL master x", "-ERR No such master with that name\r\n"},
      {"SENTINEL replicas x", "-ERR No such master with that name\r\n"},
      {"SENTINEL slaves x", "-ERR No such master with that name\r\n"},
      {"SENTINEL sentinels x", "-ERR No such master with that name\r\n"},
      {"SENTINEL ckquorum x", "-ERR No such master with that name\r\n"},
      {"SENTINEL failover x", "-ERR No such master with that name\r\n"},
      {"SENTINEL remove x", "-ERR No such master with that name\r\n"},
      {"SENTINEL get-master-addr-by-name x", "*-1\r\n"},
      {"SENTINEL get-master-addr-by-name mymaster", bulks({"10.0.0.1", "6379"})},
      {"SENTINEL pending-scripts", "*0\r\n"},
      {"SENTINEL info-cache x", "*0\r\n"},
      {"SENTINEL reset x*", ":0\r\n"},
      {"SENTINEL ckquorum mymaster",
       "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum "
       "for this master\r\n"},
      {"SENTINEL monitor m 10.0.0.9 1 x", "-ERR Invalid quorum\r\n"},
      {"SENTINEL monitor m 10.0.0.9 x 1", "-ERR Invalid port\r\n"},
      {"SENTINEL monitor m 10.0.0.9 1 0", "-ERR Quorum must be 1 or greater.\r\n"},
      {"SENTINEL monitor m localhost 70000 1", "-ERR Invalid IP address or hostname specified\r\n"},
      {"SENTINEL monitor m 10.0.0.9 70000 1", "-ERR Invalid port number.\r\n"},
      {"SENTINEL monitor mymaster 10.0.0.9 1 1", "-ERR Duplicate master name.\r\n"},
      {"SENTINEL is-master-down-by-addr 10.0.0.1 x 0 *",
       "-ERR value is not an integer or out of range\r\n"},
      {"SENTINEL is-master-down-by-addr 10.0.0.1 6379 x *",
       "-ERR value is not an integer or out of range\r\n"},
      {"SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *", "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"},
      {"SENTINEL is-master-down-by-addr 10.9.9.9 6379 5 someone", "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"},
      {"SENTINEL simulate-failure",
       "-ERR wrong number of arguments for 'sentinel|simulate-failure' command\r\n"},
      {"SENTINEL simulate-failure help", bulks({"crash-after-election", "crash-after-promotion"})},
      {"SENTINEL simulate-failure foo", "-ERR Unknown failure simulation specified\r\n"},
      {"SENTINEL debug foo 1",
       "-ERR Unknown option or number of arguments for SENTINEL DEBUG 'foo'\r\n"},
      {"SENTINEL debug info-period",
       "-ERR Unknown option or number of arguments for SENTINEL DEBUG 'info-period'\r\n"},
      {"SENTINEL debug info-period x",
       "-ERR Invalid argument 'x' for SENTINEL DEBUG 'info-period'\r\n"},
      {"SENTINEL debug info-period 0",
       "-ERR Invalid argument '0' for SENTINEL DEBUG 'info-period'\r\n"},
      {"SENTINEL debug INFO-period 9000", "+OK\r\n"},
      {"SENTINEL flushconfig", "+OK\r\n"},
      {"SENTINEL failover mymaster", "-NOGOODSLAVE No suitable replica to promote\r\n"},
      {"PUBLISH foo bar", "-ERR Only HELLO messages are accepted by Sentinel instances.\r\n"},
      {"PUBLISH foo", "-ERR wrong number of arguments for 'publish' command\r\n"},
      {"PUBLISH __sentinel__:hello bar", ":1\r\n"},
  };
  LoneSentinel sentinel;
  for (const auto& row : rows) {
    CAPTURE(row.line);
    CHECK(sentinel.command(words_of(row.line)) == row.reply);
  }
}

TEST_CASE("SENTINEL MYID and HELP answer") {
  LoneSentinel sentinel("sentinel myid " + kRunIdA + "\n");
  CHECK(sentinel.command({"SENTINEL", "MYID"}) == "$40\r\n" + kRunIdA + "\r\n");
  const std::string help = sentinel.command({"sentinel", "help"});
  CHECK(help.starts_with(
      "*49\r\n+SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CKQUORUM "));
  CHECK(help.ends_with("+HELP\r\n+    Prints this help.\r\n"));
}

TEST_CASE("an id that is drawn at the first start is saved") {
  LoneSentinel sentinel;
  const std::string id = sentinel.state().my_id;
  CHECK(id.size() == 40);
  CHECK(sentinel.file().find("sentinel myid " + id + "\n") != std::string::npos);
}

TEST_CASE("SENTINEL DEBUG lists the periods in Redis's order") {
  LoneSentinel sentinel;
  CHECK(sentinel.command({"SENTINEL", "DEBUG"}) == bulks({"INFO-PERIOD",
                                                          "10000",
                                                          "PING-PERIOD",
                                                          "1000",
                                                          "ASK-PERIOD",
                                                          "1000",
                                                          "PUBLISH-PERIOD",
                                                          "2000",
                                                          "DEFAULT-DOWN-AFTER",
                                                          "30000",
                                                          "DEFAULT-FAILOVER-TIMEOUT",
                                                          "180000",
                                                          "TILT-TRIGGER",
                                                          "2000",
                                                          "TILT-PERIOD",
                                                          "30000",
                                                          "SLAVE-RECONF-TIMEOUT",
                                                          "10000",
                                                          "MIN-LINK-RECONNECT-PERIOD",
                                                          "15000",
                                                          "ELECTION-TIMEOUT",
                                                          "10000",
                                                          "SCRIPT-MAX-RUNTIME",
                                                          "60000",
                                                          "SCRIPT-RETRY-DELAY",
                                                          "30000"}));
  CHECK(sentinel.command({"SENTINEL", "DEBUG", "default-down-after", "77", "ping-period", "x"})
            .starts_with("-ERR Invalid argument"));
  CHECK(sentinel.state().periods.default_down_after == Duration(77));  // What came before stays.
}

TEST_CASE("SENTINEL MONITOR and REMOVE change what is watched, and save it") {
  LoneSentinel sentinel;
  CHECK(sentinel.command({"SENTINEL", "MONITOR", "other", "10.0.0.7", "7000", "3"}) == "+OK\r\n");
  CHECK(sentinel.is_promise_to_save);
  CHECK(sentinel.events() ==
        std::vector<std::string>{"+monitor master other 10.0.0.7 7000 quorum 3"});
  CHECK(sentinel.file().find("sentinel monitor other 10.0.0.7 7000 3\n") != std::string::npos);
  CHECK(std::holds_alternative<SaveConfig>(sentinel.actions.front()));
  CHECK(sentinel.command({"SENTINEL", "REMOVE", "other"}) == "+OK\r\n");
  CHECK(sentinel.events() == std::vector<std::string>{"-monitor master other 10.0.0.7 7000"});
  CHECK(sentinel.file().find("other") == std::string::npos);
  CHECK(sentinel.state().groups.size() == 1);
}

TEST_CASE("SENTINEL RESET forgets replicas and sentinels, and closes the links") {
  Known sentinel;
  sentinel.message("10.0.0.1:6379", "10.0.1.2,26379," + kPeerA + ",0,mymaster,10.0.0.1,6379,0");
  REQUIRE(sentinel.group().sentinels.size() == 1);
  CHECK(sentinel.command({"SENTINEL", "RESET", "my*"}) == ":1\r\n");
  CHECK(sentinel.events() ==
        std::vector<std::string>{"+reset-master master mymaster 10.0.0.1 6379"});
  CHECK(sentinel.group().replicas.empty());
  CHECK(sentinel.group().sentinels.empty());
  // Two of the primary, two of the replica; the sentinel was not connected yet.
  CHECK(sentinel.all<Disconnect>().size() == 4);
  CHECK(sentinel.state().links.size() == 1);
}

TEST_CASE("SENTINEL FAILOVER promotes a replica of a primary that is well") {
  Known sentinel;
  CHECK(sentinel.command({"SENTINEL", "FAILOVER", "mymaster"}) == "+OK\r\n");
  CHECK(sentinel.command({"SENTINEL", "FAILOVER", "mymaster"}) ==
        "-INPROG Failover already in progress\r\n");
}

TEST_CASE("a vote is given once in an epoch, and is on the disk before it is told") {
  LoneSentinel sentinel;
  const auto ask = [&](const std::string& epoch, const std::string& candidate) {
    return sentinel.command(
        {"SENTINEL", "is-master-down-by-addr", "10.0.0.1", "6379", epoch, candidate});
  };
  CHECK(ask("7", kRunIdA) == "*3\r\n:0\r\n$40\r\n" + kRunIdA + "\r\n:7\r\n");
  CHECK(sentinel.events() ==
        std::vector<std::string>{"+new-epoch 7", "+vote-for-leader " + kRunIdA + " 7"});
  REQUIRE(std::holds_alternative<SaveConfig>(sentinel.actions.front()));
  CHECK(sentinel.file().find("sentinel leader-epoch mymaster 7\n") != std::string::npos);
  CHECK(sentinel.file().find("sentinel current-epoch 7\n") != std::string::npos);
  // The same epoch, or an older one: the vote that was given is repeated.
  CHECK(ask("7", kRunIdB) == "*3\r\n:0\r\n$40\r\n" + kRunIdA + "\r\n:7\r\n");
  CHECK(ask("5", kRunIdB) == "*3\r\n:0\r\n$40\r\n" + kRunIdA + "\r\n:7\r\n");
  CHECK(ask("8", kRunIdB) == "*3\r\n:0\r\n$40\r\n" + kRunIdB + "\r\n:8\r\n");
  // An epoch that nobody can count on from.
  CHECK(ask("9223372036854775807", kRunIdA) == "*3\r\n:0\r\n$40\r\n" + kRunIdB + "\r\n:8\r\n");

  // After a restart nobody knows for whom it was, but it is not given again.
  LoneSentinel again(sentinel.file());
  CHECK(again.command({"SENTINEL", "is-master-down-by-addr", "10.0.0.1", "6379", "8", kRunIdA}) ==
        "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n");
}

TEST_CASE("a vote in an epoch that is known already is saved too") {
  LoneSentinel sentinel("sentinel current-epoch 7\n" + std::string(LoneSentinel::kMonitor));
  sentinel.command({"SENTINEL", "is-master-down-by-addr", "10.0.0.1", "6379", "7", kRunIdA});
  REQUIRE_FALSE(sentinel.actions.empty());
  CHECK(std::holds_alternative<SaveConfig>(sentinel.actions.front()));
  CHECK(sentinel.file().find("sentinel leader-epoch mymaster 7\n") != std::string::npos);
}

TEST_CASE("a leader's message is heard only from a sentinel that is known") {
  Known sentinel;
  const Argv message = {"SENTINEL", "KVSTASH-LEADER", "mymaster", "3", kPeerA};
  CHECK(sentinel.command(message) == "+OK\r\n");
  CHECK(sentinel.group().candidacy.leader.empty());
  sentinel.message("10.0.0.1:6379", "10.0.1.2,26379," + kPeerA + ",0,mymaster,10.0.0.1,6379,0");
  CHECK(sentinel.command(message) == "+OK\r\n");
  CHECK(sentinel.group().candidacy.leader == kPeerA);
  CHECK(sentinel.command({"SENTINEL", "KVSTASH-LEADER", "mymaster", "x", kPeerA}) ==
        "-ERR value is not an integer or out of range\r\n");
}

}  // namespace
}  // namespace kvstash::sentinel::test
