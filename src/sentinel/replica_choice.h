// ReplicaChoice: the replica that takes the place of the primary.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// Whether a replica may be promoted: it is connected and answers, its INFO is recent, its priority
// is not 0, and its link to the primary did not break long before the primary went down.
//
// Redis counts the last from the moment at which it found the primary down. If it was blind before,
// in TILT or not running, no replica is ever good enough again. We count from the last good answer
// of the primary if that is longer ago; and if it never answered, from the moment at which the last
// of the replicas lost it.
bool is_eligible(const State& state, const Monitored& group, const Instance& replica);

// The eligible replica with the lowest priority number; then with the most data; then with the
// smallest run id. Null if none is eligible.
Instance* choose_replica(const State& state, const Monitored& group);

}  // namespace kvstash::sentinel
