#include "replication/peer/failover.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;

namespace {

using Kind = FailoverAction::Kind;

const FailoverTarget kFirst{"10.0.0.1", 6379};
const FailoverTarget kSecond{"10.0.0.2", 6380};

std::string error_of(std::vector<std::string_view> words) {
  words.insert(words.begin(), "FAILOVER");
  const Result<FailoverRequest> request = parse_failover(words);
  return request.ok() ? "" : std::string(request.error().message());
}

std::vector<FailoverCandidate> replicas(uint64_t first, uint64_t second) {
  return {{.at = kFirst, .is_online = true, .acked = first},
          {.at = kSecond, .is_online = true, .acked = second}};
}

std::string start(Failover& failover, const FailoverRequest& request,
                  const std::vector<FailoverCandidate>& candidates, bool is_replica = false) {
  const Result<FailoverAction> action = failover.start(request, is_replica, candidates, 1000);
  if (!action.ok()) return std::string(action.error().message());
  CHECK(action->kind == Kind::kPause);
  return action->log;
}

}  // namespace

TEST_CASE("the words of FAILOVER") {
  const std::vector<std::string_view> words = {"failover", "TO",      "10.0.0.1", "6379",
                                               "force",    "TIMEOUT", "100"};
  const Result<FailoverRequest> request = parse_failover(words);
  REQUIRE(request.ok());
  CHECK(request->to == kFirst);
  CHECK(request->is_forced);
  CHECK(request->timeout_ms == 100);
  CHECK_FALSE(request->aborts);
  CHECK(error_of({"abort"}).empty());
  CHECK(error_of({}).empty());
  CHECK(error_of({"abort", "force"}) == "ERR syntax error");
  CHECK(error_of({"force", "force"}) == "ERR syntax error");
  CHECK(error_of({"to", "host"}) == "ERR syntax error");
  CHECK(error_of({"timeout"}) == "ERR syntax error");
  CHECK(error_of({"to", "host", "x"}) == "ERR value is not an integer or out of range");
  CHECK(error_of({"timeout", "x"}) == "ERR value is not an integer or out of range");
  CHECK(error_of({"timeout", "0"}) == "ERR FAILOVER timeout must be greater than 0");
}

TEST_CASE("a failover that cannot be is refused, in Redis's words") {
  Failover failover;
  const auto two = replicas(0, 0);
  CHECK(start(failover, {}, {}) == "ERR FAILOVER requires connected replicas.");
  CHECK(start(failover, {}, two, true) == "ERR FAILOVER is not valid when server is a replica.");
  CHECK(start(failover, {.is_forced = true}, two) ==
        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
  CHECK(start(failover, {.to = FailoverTarget{"10.0.0.1", 1}}, two) ==
        "ERR FAILOVER target HOST and PORT is not a replica.");
  auto offline = two;
  offline[0].is_online = false;
  CHECK(start(failover, {.to = kFirst}, offline) == "ERR FAILOVER target replica is not online.");
  CHECK(failover.state() == FailoverState::kNone);
  CHECK(start(failover, {}, two) == "FAILOVER requested.");
  CHECK(start(failover, {}, two) == "ERR FAILOVER already in progress.");
}

TEST_CASE("the first replica that has everything takes over") {
  Failover failover;
  start(failover, {}, replicas(5, 7));
  CHECK(failover_state_name(failover.state()) == "waiting-for-sync");
  CHECK(failover.tick(replicas(5, 9), 10, 1001).kind == Kind::kAskAcks);
  auto offline = replicas(5, 10);
  offline[1].is_online = false;
  CHECK(failover.tick(offline, 10, 1002).kind == Kind::kAskAcks);
  const FailoverAction follow = failover.tick(replicas(5, 10), 10, 1003);
  CHECK(follow.kind == Kind::kFollow);
  CHECK(follow.target == kSecond);
  CHECK(follow.log == "Failover target is 10.0.0.2:6380");
  CHECK(failover_state_name(failover.state()) == "failover-in-progress");
  CHECK(failover.tick(replicas(10, 10), 10, 1004).kind == Kind::kNone);
  CHECK(failover.accepted().kind == Kind::kResume);
  CHECK(failover_state_name(failover.state()) == "no-failover");
}

TEST_CASE("a chosen replica is waited for") {
  Failover failover;
  CHECK(start(failover, {.to = kFirst}, replicas(5, 7)) == "FAILOVER requested to 10.0.0.1:6379.");
  CHECK(failover.tick(replicas(5, 10), 10, 1001).kind == Kind::kAskAcks);
  CHECK(failover.tick({}, 10, 1002).kind == Kind::kAskAcks);
  CHECK(failover.tick(replicas(10, 0), 10, 1003).target == kFirst);
}

TEST_CASE("after the timeout the failover is given up, or forced") {
  Failover failover;
  start(failover, {.timeout_ms = 50}, replicas(5, 7));
  CHECK(failover.tick(replicas(5, 7), 10, 1049).kind == Kind::kAskAcks);
  const FailoverAction late = failover.tick(replicas(5, 7), 10, 1050);
  CHECK(late.kind == Kind::kResume);
  CHECK(late.log == "Aborting failover: Replica never caught up before timeout");
  CHECK(failover.state() == FailoverState::kNone);

  start(failover, {.is_forced = true, .to = kSecond, .timeout_ms = 50}, replicas(5, 7));
  const FailoverAction forced = failover.tick(replicas(10, 7), 10, 1050);
  CHECK(forced.kind == Kind::kFollow);
  CHECK(forced.target == kSecond);
  CHECK(forced.log == "Failover to 10.0.0.2:6380 time out exceeded, failing over.");
}

TEST_CASE("a failover that is aborted or refused leaves a primary") {
  Failover failover;
  CHECK(failover.abort().error().message() == "ERR No failover in progress.");
  start(failover, {}, replicas(5, 7));
  CHECK(failover.abort()->kind == Kind::kResume);
  start(failover, {}, replicas(5, 10));
  failover.tick(replicas(5, 10), 10, 1001);
  CHECK(failover.abort()->kind == Kind::kTurnBack);
  CHECK(failover.refused().kind == Kind::kNone);
  start(failover, {}, replicas(5, 10));
  failover.tick(replicas(5, 10), 10, 1001);
  CHECK(failover.refused().kind == Kind::kTurnBack);
  CHECK(failover.accepted().kind == Kind::kNone);
}
