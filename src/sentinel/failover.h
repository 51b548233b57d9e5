// FailoverProcess: putting a replica in the place of a primary, step by step:
//
//   wait_start          elected? (a forced failover need not be)
//   select_slave        choose the replica, by INFO that is as fresh as can be had
//   send_slaveof_noone  tell it
//   wait_promotion      until its INFO says that it is a primary: from here on the new address has
//                       the epoch of this failover and is spread
//   reconf_slaves       point the other replicas to it, parallel-syncs at a time
//   update_config       it is the primary of our configuration
//
// Until the replica is promoted the process may be given up, and leaves nothing behind.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// Starts an attempt if the primary is objectively down and nothing keeps us from it. True: started.
bool start_failover_if_needed(State& state, Monitored& group);

// Starts an attempt, whatever the state of the primary (SENTINEL FAILOVER).
void start_failover(State& state, Monitored& group);

// Goes as far as possible.
void advance_failover(State& state, Monitored& group);

// In the last step: the promoted replica becomes the primary of the configuration.
void finish_failover(State& state, Monitored& group);

// The replica was chosen by a failover of ours that waits for its promotion.
bool is_awaited_promotion(const Instance& replica);
// It says that it is a primary.
void replica_was_promoted(State& state, Instance& replica);
// A replica that was pointed to the promoted one says what it follows.
void follow_reconfiguration(State& state, Instance& replica);

}  // namespace kvstash::sentinel
