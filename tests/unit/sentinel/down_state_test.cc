#include "sentinel/down_state.h"

#include "lone_sentinel.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

constexpr std::string_view kPrimary = "10.0.0.1:6379";
constexpr std::string_view kPeer = "10.0.1.2:26379";

// Quorum 2, down after 1 s, one peer that is kvstash or a Redis; both answered once.
struct Pair : LoneSentinel {
  explicit Pair(bool is_redis)
      : LoneSentinel("sentinel myid " + kRunIdA + "\n" + std::string(kMonitor) +
                     "sentinel down-after-milliseconds mymaster 1000\n"
                     "sentinel known-sentinel mymaster 10.0.1.2 26379 " +
                     kRunIdB + "\n") {
    open(kPrimary);
    open(kPeer);
    answer_all(kPrimary, primary_info());
    answer_all(kPeer, is_redis ? "redis_version:7.0.15\r\n" : "kvstash_version:1\r\n");
  }
  // The peer answers for so long, the primary does not.
  Lines pass_answering(Duration time) {
    Lines sent_to_peer;
    for (Duration passed(0); passed < time; passed += 100ms) {
      pass(100ms);
      const Lines lines = sent(kPeer);
      sent_to_peer.insert(sent_to_peer.end(), lines.begin(), lines.end());
      for (const std::string& line : lines)
        answer(kPeer, line == "PING"                ? simple("PONG")
                      : line.starts_with("PUBLISH") ? integer(1)
                                                    : array({integer(0), bulk("*"), integer(0)}));
    }
    return sent_to_peer;
  }
};

size_t questions(const Lines& lines) {
  return static_cast<size_t>(
      std::ranges::count(lines, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *"));
}

TEST_CASE("a primary that does not answer is down after its time, and up with the next answer") {
  Pair sentinel(/*is_redis=*/true);
  sentinel.pass_answering(1'900ms);
  CHECK_FALSE(sentinel.group().primary.is_subjectively_down);
  sentinel.pass_answering(400ms);  // The PING was sent after one second.
  CHECK(sentinel.group().primary.is_subjectively_down);
  CHECK_FALSE(sentinel.group().primary.is_objectively_down);
  CHECK(sentinel.core().info_lines(sentinel.now()).find("status=sdown") != std::string::npos);
  sentinel.answer_all(kPrimary, primary_info());
  sentinel.pass(100ms);
  CHECK(sentinel.events() == Lines{"-sdown master mymaster 10.0.0.1 6379"});
}

TEST_CASE("LOADING and MASTERDOWN are good answers, other errors are not") {
  const struct {
    const char* text;
    bool is_good;
  } rows[] = {
      {"LOADING Redis is loading", true},
      {"MASTERDOWN Link is down", true},
      {"ERR unknown command", false},
      {"BUSY script", false},
      {"NOAUTH Authentication required.", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    Pair sentinel(/*is_redis=*/true);
    for (int i = 0; i < 40; ++i) {
      sentinel.pass(100ms);
      for (const std::string& line : sentinel.sent(kPrimary))
        sentinel.answer(kPrimary, line == "PING" ? error(row.text) : integer(1));
    }
    CHECK(sentinel.group().primary.is_subjectively_down == !row.is_good);
  }
}

TEST_CASE("a primary that says for long that it is a replica is down") {
  Pair sentinel(/*is_redis=*/true);
  for (int i = 0; i < 340; ++i) {
    sentinel.pass(100ms);
    if (i % 3 == 0) sentinel.answer_all(kPrimary, replica_info(1, "10.0.0.9"));
    if (i % 3 == 0) sentinel.answer_all(kPeer);
    if (i == 280) CHECK_FALSE(sentinel.group().primary.is_subjectively_down);
  }
  CHECK(sentinel.group().primary.is_subjectively_down);
}

TEST_CASE("peers are asked once a second if one of them is a Redis") {
  Pair sentinel(/*is_redis=*/true);
  CHECK(questions(sentinel.pass_answering(2'000ms)) == 0);
  const size_t asked = questions(sentinel.pass_answering(5'000ms));
  CHECK(asked >= 4);
  CHECK(asked <= 6);
}

TEST_CASE("kvstash peers are asked at once, and ten times a second") {
  Pair sentinel(/*is_redis=*/false);
  // A PING is never older than 250 ms.
  while (!sentinel.group().primary.is_subjectively_down) {
    REQUIRE(sentinel.pass_answering(100ms).size() < 100);
    REQUIRE(sentinel.now() < Moment(5'000'000ms) + 1'500ms);
  }
  const size_t asked = questions(sentinel.pass_answering(1'000ms));
  CHECK(asked >= 8);
  CHECK(asked <= 11);
}

TEST_CASE(
    "a primary is objectively down once the quorum agrees, and an old agreement is forgotten") {
  Pair sentinel(/*is_redis=*/true);
  sentinel.pass_answering(2'200ms);
  REQUIRE(sentinel.group().primary.is_subjectively_down);
  sentinel.pass(900ms);
  bool is_agreed = false;
  while (!is_agreed) {
    for (const std::string& line : sentinel.sent(kPeer)) {
      const bool is_question = line.starts_with("SENTINEL");
      sentinel.answer(kPeer, is_question ? array({integer(1), bulk("*"), integer(0)}) : integer(1));
      is_agreed |= is_question;
    }
    if (!is_agreed) sentinel.pass(100ms);
  }
  CHECK(sentinel.group().primary.is_objectively_down);
  CHECK(sentinel.events()[0] == "+odown master mymaster 10.0.0.1 6379 #quorum 2/2");
  CHECK(sentinel.command({"SENTINEL", "MASTER", "mymaster"}).find("o-down-time") !=
        std::string::npos);
  // The peer says nothing more.
  sentinel.pass(5'300ms);
  CHECK_FALSE(sentinel.group().primary.is_objectively_down);
}

TEST_CASE("a candidate asks for votes in the epoch of its attempt, whatever epoch others are in") {
  Pair sentinel(/*is_redis=*/false);
  sentinel.command({"SENTINEL", "FAILOVER", "mymaster"});  // There is no replica for it.
  sentinel.message(kPrimary,
                   "10.0.1.3,26379," + std::string(40, 'c') + ",3,mymaster,10.0.0.1,6379,0");
  sentinel.command({"SENTINEL", "SET", "mymaster", "quorum", "1"});
  while (sentinel.events().empty() || !sentinel.group().failover.is_under_way()) {
    sentinel.pass(100ms);
    REQUIRE(sentinel.now() < Moment(5'000'000ms) + 10s);
  }
  CHECK(sentinel.group().failover.epoch == 4);
  sentinel.message(kPrimary,
                   "10.0.1.3,26379," + std::string(40, 'c') + ",50,mymaster,10.0.0.1,6379,0");
  CHECK(sentinel.state().current_epoch == 50);
  sentinel.pass(200ms);
  const Lines lines = sentinel.sent(kPeer);
  CHECK(std::ranges::count(lines, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 4 " + kRunIdA) >
        0);
  CHECK(std::ranges::count(lines, "SENTINEL is-master-down-by-addr 10.0.0.1 6379 50 " + kRunIdA) ==
        0);
}

TEST_CASE("answers that are none are passed over") {
  Pair sentinel(/*is_redis=*/true);
  while (sentinel.group().sentinels[0]->link->requests.size() < 3)
    sentinel.pass(100ms);
  for (resp::Reply reply :
       {error("ERR no"), array({}), array({integer(1), integer(1), integer(1)}),
        array({bulk("1"), bulk("*"), integer(0)}), array({integer(1), bulk("x"), integer(-1)})}) {
    while (sentinel.group().sentinels[0]->link->requests.empty() ||
           sentinel.group().sentinels[0]->link->requests.front().kind != RequestKind::kAskDown) {
      if (sentinel.group().sentinels[0]->link->requests.empty())
        sentinel.pass(100ms);
      else
        sentinel.answer(kPeer, integer(1));
    }
    sentinel.answer(kPeer, std::move(reply));
    CHECK_FALSE(sentinel.group().sentinels[0]->peer.is_primary_down);
    CHECK(sentinel.group().sentinels[0]->peer.leader.empty());
  }
}

}  // namespace
}  // namespace kvstash::sentinel::test
