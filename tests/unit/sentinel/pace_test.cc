#include "sentinel/pace.h"

#include <doctest/doctest.h>

namespace kvstash::sentinel {
namespace {

using namespace std::chrono_literals;

TEST_CASE("sentinels are quick if all of them are kvstash and nobody forbids it") {
  const struct {
    std::vector<Program> peers;
    bool keep_redis_times;
    bool is_quick;
  } rows[] = {
      {{}, false, true},
      {{Program::kKvstash, Program::kKvstash}, false, true},
      {{Program::kKvstash, Program::kKvstash}, true, false},
      {{Program::kKvstash, Program::kRedis}, false, false},
      {{Program::kUnknown}, false, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.peers.size());
    State state(1);
    state.process.keep_redis_times = row.keep_redis_times;
    Monitored& group = add_group(state, {.name = "m", .address = {"10.0.0.1", "10.0.0.1", 6379}});
    for (const Program program : row.peers) {
      const std::string ip = "10.0.1." + std::to_string(group.sentinels.size());
      add_sentinel(state, group, {ip, ip, 26379}, ip).link->program = program;
    }
    const Pace pace = pace_of(state, group);
    CHECK(pace.is_quick == row.is_quick);
    CHECK(pace.election == (row.is_quick ? 300ms : 10s));
    remove_group(state, group);
  }
}

TEST_CASE("four PINGs fit into a short down-after, and one a second is enough for a long one") {
  State state(1);
  Monitored& group = add_group(state, {.name = "m", .address = {"10.0.0.1", "10.0.0.1", 6379}});
  for (const auto& [down_after, ping] : {std::pair(30'000ms, 1'000ms), std::pair(1'000ms, 250ms),
                                         std::pair(100ms, 50ms), std::pair(10ms, 10ms)}) {
    group.options.down_after = down_after;
    CHECK(pace_of(state, group).ping == ping);
  }
  remove_group(state, group);
}

TEST_CASE("votes are given more time once several attempts came to nothing") {
  State state(1);
  Monitored& group = add_group(state, {.name = "m", .address = {"10.0.0.1", "10.0.0.1", 6379}});
  for (const auto& [attempts, time] :
       {std::pair(0, 300ms), std::pair(3, 300ms), std::pair(4, 600ms), std::pair(6, 2'400ms),
        std::pair(8, 9'600ms), std::pair(1'000'000, 9'600ms)}) {
    group.candidacy.attempts = static_cast<uint32_t>(attempts);
    CHECK(pace_of(state, group).election == time);
    CHECK(pace_of(state, group).vote_respect_min == time);
  }
  group.options.failover_timeout = 5s;
  CHECK(pace_of(state, group).election == 5s);
  remove_group(state, group);
}

TEST_CASE("attempts that come to nothing follow each other more and more slowly, to a bound") {
  CHECK(weariness(1) == 0ms);
  CHECK(weariness(5) == 0ms);
  CHECK(weariness(6) == 500ms);
  CHECK(weariness(7) == 1s);
  CHECK(weariness(1'000'000) == 16s);
}

}  // namespace
}  // namespace kvstash::sentinel
