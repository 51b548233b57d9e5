// Reconfiguration: making data nodes follow the primary that the configuration names.
//
// A node that was a primary and comes back is made a replica; a replica that follows somebody else
// is pointed to the primary. Both wait, so that a newer configuration can arrive first. And the
// change of a primary's address, after our own failover or because a peer knows a newer
// configuration.
#pragma once

#include "sentinel/state.h"

namespace kvstash::sentinel {

// A replica of ours says that it is a primary, while no failover of ours made it one.
void correct_unexpected_primary(State& state, Instance& replica);

// A replica follows another node than our primary.
void correct_wrong_primary(State& state, Instance& replica);

// Forgets what is known of a primary: links, replicas and, if asked, sentinels. Options and epochs
// stay.
enum class ResetScope : uint8_t { kKeepSentinels, kAll };
void reset_group(State& state, Monitored& group, ResetScope scope);

// The primary has a new address. The old one becomes a replica, so that it is reconfigured once it
// is back. Saves.
void switch_primary(State& state, Monitored& group, const Address& address);

// Starts the script that tells clients, if there is one. `role`: "leader" or "observer".
void run_reconfig_script(State& state, const Monitored& group, std::string_view role,
                         const Address& from, const Address& to);

}  // namespace kvstash::sentinel
