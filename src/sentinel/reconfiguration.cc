#include "sentinel/reconfiguration.h"

#include "sentinel/connections.h"

#include <string>
#include <utility>
#include <vector>

namespace kvstash::sentinel {
namespace {

// A returning primary is left alone for so many periods of hello messages: if it is the primary of
// a newer configuration, we hear of that meanwhile.
constexpr int64_t kPublishPeriodsBeforeConversion = 4;

// Whether the primary can be what its replicas should follow.
bool looks_sane(const State& state, const Instance& primary) {
  return primary.reported.role == DataRole::kPrimary && !primary.is_subjectively_down &&
         !primary.is_objectively_down && primary.reported.at &&
         state.now - *primary.reported.at < 2 * state.periods.info;
}

}  // namespace

void correct_unexpected_primary(State& state, Instance& replica) {
  const Duration wait = state.periods.publish * kPublishPeriodsBeforeConversion;
  Monitored& group = *replica.group;
  if (replica.is_promoted || !looks_sane(state, group.primary) ||
      !was_up_for(replica, wait, state.now) || state.now - replica.reported.role_since <= wait)
    return;
  if (send_replica_of(state, replica, &group.primary.address))
    announce(state, LogLevel::kNotice, "+convert-to-slave", replica);
}

void correct_wrong_primary(State& state, Instance& replica) {
  Monitored& group = *replica.group;
  const Address& primary = group.primary.address;
  if (replica.reported.primary_port == primary.port &&
      state.names.means(replica.reported.primary_host, primary))
    return;
  const Duration wait = group.options.failover_timeout;
  if (!looks_sane(state, group.primary) || !was_up_for(replica, wait, state.now) ||
      state.now - replica.reported.primary_since <= wait)
    return;
  if (send_replica_of(state, replica, &primary))
    announce(state, LogLevel::kNotice, "+fix-slave-config", replica);
}

void reset_group(State& state, Monitored& group, ResetScope scope) {
  remove_replicas(state, group);
  if (scope == ResetScope::kAll) remove_sentinels(state, group);
  Instance& primary = group.primary;
  Link& link = *primary.link;
  close_link(state, link);
  link.ping_waits_since = state.now;
  link.ping_sent_at.reset();
  link.answered_well_at = state.now;
  link.has_answered_well = false;
  link.answered_at = state.now;
  primary.is_subjectively_down = false;
  primary.is_objectively_down = false;
  primary.is_script_kill_sent = false;
  primary.rebooted_at.reset();
  primary.run_id.clear();
  primary.reported.role = DataRole::kPrimary;
  primary.reported.role_since = state.now;
  primary.reported.primary_host.clear();
  group.leader.clear();
  group.failover = {};
  group.candidacy = {};
}

void switch_primary(State& state, Monitored& group, const Address& address) {
  // What peers said was of the old address.
  for (const auto& sentinel : group.sentinels)
    sentinel->peer.is_primary_down = false;
  std::vector<Address> replicas;
  for (const auto& replica : group.replicas)
    if (!is_same_place(replica->address, address)) replicas.push_back(replica->address);
  const Address old = group.primary.address;
  if (!is_same_place(old, address)) replicas.push_back(old);

  reset_group(state, group, ResetScope::kKeepSentinels);
  group.primary.address = address;
  group.primary.last_down_at.reset();
  // What INFO said was said by another node. It is asked for at once.
  group.primary.reported.at.reset();
  group.primary.link->tried_at.reset();
  for (const Address& replica : replicas) {
    if (find_replica(group, replica) != nullptr) continue;
    announce(state, LogLevel::kNotice, "+slave", add_replica(state, group, replica));
  }
  save_config(state);
}

void run_reconfig_script(State& state, const Monitored& group, std::string_view role,
                         const Address& from, const Address& to) {
  const std::string& script = group.options.client_reconfig_script;
  if (script.empty()) return;
  state.scripts.add({script, group.name, std::string(role), "start", shown_host(state, from),
                     std::to_string(from.port), shown_host(state, to), std::to_string(to.port)});
}

}  // namespace kvstash::sentinel
