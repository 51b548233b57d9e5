#include "sentinel/election.h"

#include "lone_sentinel.h"
#include "sentinel/failover.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel::test {
namespace {

using namespace std::chrono_literals;

// An attempt in epoch 5, with four peers.
struct Ballot {
  explicit Ballot(int64_t quorum = 2) : state(1) {
    state.now = Moment(Duration(1'000'000));
    state.my_id = std::string(40, '0');
    group = &add_group(state,
                       {.name = "m", .address = {"10.0.0.1", "10.0.0.1", 6379}, .quorum = quorum});
    for (int i = 1; i <= 4; ++i) {
      const std::string ip = "10.0.1." + std::to_string(i);
      peers.push_back(&add_sentinel(state, *group, {ip, ip, 26379}, "peer" + std::to_string(i)));
      peers.back()->link->program = Program::kKvstash;
    }
    state.current_epoch = 5;
    group->failover.step = FailoverStep::kWaitStart;
    group->failover.epoch = 5;
    group->failover.started_at = state.now;
  }
  ~Ballot() { remove_group(state, *group); }
  Ballot(const Ballot&) = delete;
  Ballot& operator=(const Ballot&) = delete;

  void say(size_t peer, const std::string& leader, uint64_t epoch) {
    peers[peer]->peer.leader = leader;
    peers[peer]->peer.leader_epoch = epoch;
  }

  State state;
  Monitored* group = nullptr;
  std::vector<Instance*> peers;
};

TEST_CASE("the votes of a majority of all known sentinels make a leader") {
  Ballot ballot;
  const std::string me = ballot.state.my_id;
  CHECK_FALSE(elected_leader(ballot.state, *ballot.group));  // Our own vote alone.
  ballot.say(0, me, 5);
  CHECK_FALSE(elected_leader(ballot.state, *ballot.group));
  ballot.say(1, me, 5);
  CHECK(elected_leader(ballot.state, *ballot.group) == me);  // Three of five.
}

TEST_CASE("votes of other epochs do not count") {
  Ballot ballot;
  const std::string me = ballot.state.my_id;
  for (size_t peer = 0; peer < 4; ++peer)
    ballot.say(peer, me, peer % 2 == 0 ? 4 : 6);
  CHECK_FALSE(elected_leader(ballot.state, *ballot.group));
}

TEST_CASE("a quorum above the majority must be reached too") {
  Ballot ballot(/*quorum=*/4);
  const std::string me = ballot.state.my_id;
  ballot.say(0, me, 5);
  ballot.say(1, me, 5);
  CHECK_FALSE(elected_leader(ballot.state, *ballot.group));
  ballot.say(2, me, 5);
  CHECK(elected_leader(ballot.state, *ballot.group) == me);
}

TEST_CASE("who has not voted yet votes for the candidate that leads") {
  Ballot ballot;
  ballot.say(0, "peer3", 5);
  ballot.say(1, "peer3", 5);
  CHECK(elected_leader(ballot.state, *ballot.group) == "peer3");
  CHECK(ballot.group->leader == "peer3");
  CHECK(ballot.group->leader_epoch == 5);
}

TEST_CASE("in an epoch that others have left behind we have no vote") {
  Ballot ballot;
  ballot.state.current_epoch = 9;
  const std::string me = ballot.state.my_id;
  ballot.say(0, me, 5);
  ballot.say(1, me, 5);
  CHECK_FALSE(elected_leader(ballot.state, *ballot.group));
  CHECK(ballot.group->leader_epoch == 0);
}

TEST_CASE("a vote for another one keeps us back, for less than half a second among kvstash") {
  for (const bool is_quick : {true, false}) {
    CAPTURE(is_quick);
    Ballot ballot;
    if (!is_quick) ballot.peers[2]->link->program = Program::kRedis;
    CHECK(vote(ballot.state, *ballot.group, 7, "peer1") == "peer1");
    CHECK_FALSE(may_stand(ballot.state, *ballot.group));
    ballot.state.now += 299ms;
    CHECK_FALSE(may_stand(ballot.state, *ballot.group));
    ballot.state.now += 201ms;
    CHECK(may_stand(ballot.state, *ballot.group) == is_quick);
    ballot.state.now += 360s;
    ballot.state.now += 1s;
    CHECK(may_stand(ballot.state, *ballot.group));
  }
}

TEST_CASE("a vote for another one does not lengthen an attempt of ours") {
  Ballot ballot;
  ballot.peers[2]->link->program = Program::kRedis;
  ballot.group->primary.is_objectively_down = true;
  ballot.group->failover.step_since = ballot.state.now;
  ballot.say(0, ballot.state.my_id, 5);
  ballot.state.now += 9s;
  vote(ballot.state, *ballot.group, 6, "peer2");
  ballot.state.now += 2s;
  ballot.say(1, ballot.state.my_id, 5);
  ballot.say(2, ballot.state.my_id, 5);
  advance_failover(ballot.state, *ballot.group);
  CHECK_FALSE(ballot.group->failover.is_under_way());
}

TEST_CASE("in Redis's pace it is logged once until when we wait, with the date") {
  Ballot ballot;
  ballot.peers[0]->link->program = Program::kRedis;
  ballot.state.wall = from_ms(1'700'000'000'000);
  ballot.state.wall_at = ballot.state.now;
  ballot.group->failover.started_at = ballot.state.now;
  CHECK_FALSE(may_stand(ballot.state, *ballot.group));
  CHECK_FALSE(may_stand(ballot.state, *ballot.group));
  CHECK(ballot.state.actions ==
        Actions{WriteLog{.text = "Next failover delay: I will not start a failover before Tue Nov "
                                 "14 22:19:20 2023",
                         .level = LogLevel::kWarning}});
}

TEST_CASE("a leader that was announced is waited for, unless it is down") {
  Ballot ballot;
  ballot.group->failover.step = FailoverStep::kNone;
  leader_announced(ballot.state, *ballot.group, "peer1", 5);
  ballot.state.now += 100s;
  CHECK_FALSE(may_stand(ballot.state, *ballot.group));
  ballot.peers[0]->is_subjectively_down = true;
  CHECK(may_stand(ballot.state, *ballot.group));
  // What is older than our configuration is no news.
  ballot.group->config_epoch = 9;
  ballot.group->candidacy = {};
  leader_announced(ballot.state, *ballot.group, "peer2", 8);
  CHECK(ballot.group->candidacy.leader.empty());
}

TEST_CASE("sentinels that are down are not usable") {
  Ballot ballot(/*quorum=*/4);
  CHECK(reachable_sentinels(*ballot.group).usable == 5);
  ballot.peers[0]->is_subjectively_down = true;
  ballot.peers[1]->is_subjectively_down = true;
  const Reachable reachable = reachable_sentinels(*ballot.group);
  CHECK(reachable.usable == 3);
  CHECK_FALSE(reachable.has_quorum);
  CHECK(reachable.has_majority);
}

}  // namespace
}  // namespace kvstash::sentinel::test
