// Pace: how fast the sentinels of one primary act.
//
// Redis's sentinels look at the world once a second and hurry nowhere; a failover takes them three
// seconds at best, and a split vote costs minutes. Where all sentinels that watch a primary are
// kvstash, they are quicker: they notice sooner, ask at once, and repeat an election that nobody
// won. As long as one of them is a Redis, or is not known yet, Redis's times hold, so that it is
// not overrun.
#pragma once

#include "sentinel/state.h"
#include "sentinel/time.h"

namespace kvstash::sentinel {

struct Pace {
  bool is_quick = false;
  Duration ping{};              // Between two PING.
  Duration reconnect{};         // Between two attempts to connect.
  Duration ask{};               // Between two questions to a peer whether a primary is down.
  Duration start_delay_max{};   // Quick: a candidate waits for a random time up to this.
  Duration election{};          // From the start of an attempt until it is given up.
  Duration vote_respect_min{};  // Quick: after a vote for another one, before we stand ourselves.
  Duration no_replica_pause{};  // Quick: after an attempt that found no replica to promote.
};

// Quick: how long we wait beyond `pause` after so many attempts in a row that came to nothing. The
// first ones are repeated at once; then the pause doubles, so that a sentinel that is cut off from
// the others, or has no replica to promote, does not write its file several times a second for
// ever.
Duration weariness(uint32_t failed);

// The pace of a primary, its replicas and its sentinels.
Pace pace_of(const State& state, const Monitored& group);

}  // namespace kvstash::sentinel
