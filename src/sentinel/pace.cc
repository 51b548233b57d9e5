#include "sentinel/pace.h"

#include <algorithm>

namespace kvstash::sentinel {
namespace {

// A PING is under way at least four times in `down-after-milliseconds`, so that an instance that
// dies is missed soon after that time.
constexpr int64_t kPingsInDownAfter = 4;
constexpr Duration kQuickPingMin{50};
constexpr Duration kQuickAsk{100};
constexpr Duration kQuickStartDelay{200};
// An election takes a round trip. With the delay before it, and the one before the next attempt,
// nobody waits for longer than 500 ms.
constexpr Duration kQuickElection{300};
constexpr Duration kQuickVoteRespect{300};
constexpr Duration kQuickNoReplicaPause{1'000};
// After so many attempts that nobody won, votes seem to take longer than that: a disk may need a
// second to keep one. Then each attempt is given twice the time of the one before.
constexpr uint32_t kHastyAttempts = 3;
constexpr uint32_t kPatienceDoublings = 5;  // Up to 9.6 seconds.
constexpr uint32_t kFreshAttempts = 5;
constexpr Duration kWearinessFirst{500};
constexpr uint32_t kWearinessDoublings = 5;  // Up to 16 seconds.

// How many times longer than at first a vote is waited for.
int64_t patience(const Monitored& group) {
  const uint32_t attempts = std::max(group.candidacy.attempts, kHastyAttempts) - kHastyAttempts;
  return int64_t{1} << std::min(attempts, kPatienceDoublings);
}

Pace redis_pace(const State& state, const Monitored& group) {
  const Periods& periods = state.periods;
  return {.is_quick = false,
          .ping = std::min(group.options.down_after, periods.ping),
          .reconnect = periods.ping,
          .ask = periods.ask,
          .start_delay_max = {},
          .election = std::min(periods.election_timeout, group.options.failover_timeout),
          .vote_respect_min = {},
          .no_replica_pause = {}};
}

}  // namespace

Pace pace_of(const State& state, const Monitored& group) {
  Pace pace = redis_pace(state, group);
  const bool all_kvstash = std::ranges::all_of(group.sentinels, [](const auto& sentinel) {
    return sentinel->link->program == Program::kKvstash;
  });
  if (state.process.keep_redis_times || !all_kvstash) return pace;
  pace.is_quick = true;
  pace.ping =
      std::min(pace.ping, std::max(kQuickPingMin, group.options.down_after / kPingsInDownAfter));
  pace.reconnect = std::min(pace.reconnect, pace.ping);
  pace.ask = std::min(pace.ask, kQuickAsk);
  pace.start_delay_max = kQuickStartDelay;
  pace.election = std::min(pace.election, kQuickElection * patience(group));
  pace.vote_respect_min = kQuickVoteRespect * patience(group);
  pace.no_replica_pause = kQuickNoReplicaPause;
  return pace;
}

Duration weariness(uint32_t failed) {
  if (failed <= kFreshAttempts) return Duration(0);
  return kWearinessFirst * (1 << std::min(failed - kFreshAttempts - 1, kWearinessDoublings));
}

}  // namespace kvstash::sentinel
