// Election: which sentinel may carry out a failover.
//
// Each attempt has an epoch of its own. A sentinel gives one vote in an epoch for each primary, to
// the first that asks, and remembers it on its disk. Who has the votes of the majority of all known
// sentinels, and of so many as the quorum says, leads; so there is one leader in an epoch at most.
#pragma once

#include "sentinel/state.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

// Gives our vote in `epoch` to `candidate`, unless it was given. Returns whom we voted for last, if
// we remember: the epoch of that vote is group.leader_epoch.
std::string vote(State& state, Monitored& group, uint64_t epoch, std::string_view candidate);

// Who leads in the epoch of our attempt, by the votes that we know of. We vote too: for the one
// with the most votes, or for ourselves.
std::optional<std::string> elected_leader(State& state, Monitored& group);

// Whether enough sentinels can be reached for what a failover needs.
struct Reachable {
  int64_t usable = 0;  // Sentinels that are not down, and we.
  bool has_quorum = false;
  bool has_majority = false;
};
Reachable reachable_sentinels(const Monitored& group);

// A kvstash peer says that it leads in an epoch: we leave the primary to it.
void leader_announced(State& state, Monitored& group, std::string_view leader, uint64_t epoch);

// Whether we may stand for election now, by the distance that attempts keep. If not in Redis's
// pace, it is logged until when we wait.
bool may_stand(State& state, Monitored& group);

}  // namespace kvstash::sentinel
