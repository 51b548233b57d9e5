// DownState: who is down. An instance is *subjectively* down if we get no good answer from it for
// `down-after-milliseconds`; a primary is *objectively* down if so many sentinels as its quorum
// says find it subjectively down. The other sentinels are asked by SENTINEL IS-MASTER-DOWN-BY-ADDR,
// which also asks for their vote once we stand for election.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// Judges an instance by the answers so far. Closes a link that is silent for long.
void check_subjectively_down(State& state, Instance& instance);

// Counts what the peers say of a primary.
void check_objectively_down(State& state, Monitored& group);

// Asks all peers about a primary that is down, those that answered lately only if `is_forced`.
// Answers that are too old are forgotten.
void ask_peers(State& state, Monitored& group, bool is_forced);

// The answer of a peer.
void peer_answered(State& state, Instance& sentinel, const resp::Reply& reply);

}  // namespace kvstash::sentinel
