#include "sentinel/discovery.h"

#include "base/text.h"
#include "sentinel/connections.h"
#include "sentinel/failover.h"
#include "sentinel/info_text.h"
#include "sentinel/reconfiguration.h"

#include <optional>
#include <string>
#include <utility>

namespace kvstash::sentinel {
namespace {

// --- INFO ---------------------------------------------------------------------------------------

void learn_run_id(State& state, Instance& instance, const std::string& run_id) {
  if (!instance.run_id.empty() && instance.run_id != run_id) {
    announce(state, LogLevel::kNotice, "+reboot", instance);
    if (instance.is_primary() && instance.group->options.reboot_down_after.count() != 0)
      instance.rebooted_at = state.now;
  }
  instance.run_id = run_id;
}

void learn_replicas(State& state, Instance& primary, const std::vector<ListedReplica>& listed) {
  Monitored& group = *primary.group;
  for (const ListedReplica& replica : listed) {
    if (group.replicas.size() >= kReplicasMax) return;
    const Address address = locate(state, replica.host, replica.port);
    if (address.ip.empty() && !state.options.resolve_hostnames) continue;
    if (find_replica(group, address) != nullptr) continue;
    announce(state, LogLevel::kNotice, "+slave", add_replica(state, group, address));
    save_config(state);
  }
}

void learn_replica_state(State& state, Reported& reported, const InfoText& info) {
  if (info.primary_host && !equals_ignore_case(*info.primary_host, reported.primary_host)) {
    reported.primary_host = *info.primary_host;
    reported.primary_since = state.now;
  }
  if (info.primary_port && *info.primary_port != reported.primary_port) {
    reported.primary_port = *info.primary_port;
    reported.primary_since = state.now;
  }
  if (info.is_link_up) reported.is_link_up = *info.is_link_up;
  if (info.priority) reported.priority = *info.priority;
  if (info.offset) reported.offset = *info.offset;
  if (info.is_announced) reported.is_announced = *info.is_announced;
}

void learn_role(State& state, Instance& instance, DataRole role) {
  Reported& reported = instance.reported;
  if (reported.role == role) return;
  reported.role = role;
  reported.role_since = state.now;
  if (role == DataRole::kReplica) reported.primary_since = state.now;
  const bool is_expected = instance.is_primary() == (role == DataRole::kPrimary);
  announce(
      state, LogLevel::kVerbose, is_expected ? "+role-change" : "-role-change", instance,
      role == DataRole::kPrimary ? "new reported role is master" : "new reported role is slave");
}

// --- Hello --------------------------------------------------------------------------------------

// Another sentinel is known at the address of a new one: it is gone, for all primaries.
void forget_predecessor(State& state, Monitored& group, const Address& address) {
  Instance* other = find_sentinel(group, &address, nullptr);
  if (other == nullptr) return;
  announce(state, LogLevel::kNotice, "+sentinel-invalid-addr", *other);
  const std::string id = other->run_id;
  for (const auto& each : state.groups)
    if (Instance* gone = find_sentinel(*each, nullptr, &id)) remove_sentinel(state, *each, *gone);
}

// A sentinel that moved has its new address for every primary that it watches with us.
void move_sentinel(State& state, const Instance& moved) {
  for (const auto& group : state.groups) {
    Instance* other = find_sentinel(*group, nullptr, &moved.run_id);
    if (other == nullptr || other == &moved || is_same_place(other->address, moved.address))
      continue;
    const Address address = moved.address;
    const std::string id = moved.run_id;
    remove_sentinel(state, *group, *other);
    announce(state, LogLevel::kNotice, "+sentinel-address-update",
             add_sentinel(state, *group, address, id));
  }
}

Instance& learn_sentinel(State& state, Monitored& group, const Hello& hello) {
  const Address address = locate(state, hello.host, hello.port);
  if (Instance* known = find_sentinel(group, &address, &hello.id)) return *known;
  Instance* at_old_address = find_sentinel(group, nullptr, &hello.id);
  const bool has_moved = at_old_address != nullptr;
  if (has_moved) {
    announce(state, LogLevel::kNotice, "+sentinel-address-switch", group.primary,
             "ip " + hello.host + " port " + std::to_string(hello.port) + " for " + hello.id);
    remove_sentinel(state, group, *at_old_address);
  } else {
    forget_predecessor(state, group, address);
  }
  Instance& sentinel = add_sentinel(state, group, address, hello.id);
  if (has_moved) {
    move_sentinel(state, sentinel);
  } else {
    announce(state, LogLevel::kNotice, "+sentinel", sentinel);
  }
  save_config(state);
  return sentinel;
}

void learn_epoch(State& state, const Monitored& group, uint64_t epoch) {
  if (epoch <= state.current_epoch) return;
  state.current_epoch = epoch;
  save_config(state);
  announce_text(state, LogLevel::kWarning, "+new-epoch", group.primary, std::to_string(epoch));
}

// Two failovers in one epoch, which a forced one without a majority can lead to, leave two
// configurations of which none is newer. Then the sentinel with the smaller id yields.
bool must_yield(const State& state, const Monitored& group, const Hello& hello) {
  const Address& shown = current_primary(group);
  return hello.config_epoch == group.config_epoch && hello.config_epoch > 0 &&
         !group.failover.is_under_way() && state.my_id < hello.id &&
         !(hello.primary_port == shown.port && state.names.means(hello.primary_host, shown));
}

// A peer has a newer configuration of a primary. A failover of ours that is older is given up, even
// if the address is the one that we had before it.
void learn_config(State& state, Monitored& group, const Instance& from, const Hello& hello) {
  const Address shown = current_primary(group);
  if (group.config_epoch >= hello.config_epoch && !must_yield(state, group, hello)) return;
  const bool is_outdated =
      group.failover.is_under_way() && group.failover.epoch <= hello.config_epoch;
  group.config_epoch = hello.config_epoch;
  save_config(state);
  const bool is_same =
      hello.primary_port == shown.port && state.names.means(hello.primary_host, shown);
  if (is_same && !is_outdated) return;
  const Address address = locate(state, hello.primary_host, hello.primary_port);
  announce(state, LogLevel::kWarning, "+config-update-from", from);
  if (!is_same)
    announce_text(state, LogLevel::kWarning, "+switch-master", group.primary,
                  group.name + " " + shown_host(state, shown) + " " + std::to_string(shown.port) +
                      " " + hello.primary_host + " " + std::to_string(hello.primary_port));
  switch_primary(state, group, address);
  run_reconfig_script(state, group, "observer", shown, address);
}

}  // namespace

void learn_info(State& state, Instance& instance, std::string_view text) {
  const InfoText info = parse_info(text);
  Reported& reported = instance.reported;
  reported.text = std::string(text);
  reported.link_down = info.link_down;
  if (info.run_id) learn_run_id(state, instance, *info.run_id);
  if (instance.is_primary()) learn_replicas(state, instance, info.replicas);
  if (info.role == DataRole::kReplica) learn_replica_state(state, reported, info);
  reported.at = state.now;
  if (!info.role) return;  // Not the INFO of a data node.
  learn_role(state, instance, *info.role);

  // From here on we would act.
  if (state.is_tilted || !instance.is_replica()) return;
  if (*info.role == DataRole::kPrimary) {
    if (is_awaited_promotion(instance)) {
      replica_was_promoted(state, instance);
    } else {
      correct_unexpected_primary(state, instance);
    }
    return;
  }
  correct_wrong_primary(state, instance);
  follow_reconfiguration(state, instance);
}

void learn_hello(State& state, std::string_view text) {
  const std::optional<Hello> hello = parse_hello(text);
  if (!hello || hello->id == state.my_id) return;
  Monitored* group = find_group(state, hello->primary_name);
  if (group == nullptr) return;
  if (!state.options.resolve_hostnames && !(is_ip(hello->host) && is_ip(hello->primary_host)))
    return;
  if (group->sentinels.size() >= kSentinelsMax && !find_sentinel(*group, nullptr, &hello->id))
    return;
  Instance& sentinel = learn_sentinel(state, *group, *hello);
  sentinel.peer.hello_at = state.now;
  learn_epoch(state, *group, hello->current_epoch);
  learn_config(state, *group, sentinel, *hello);
}

void learn_name(State& state, const NameResolved& event) {
  state.names_asked.erase(event.name);
  if (event.ip.empty()) {
    write_log(state, LogLevel::kWarning, "Failed to resolve hostname '" + event.name + "'");
    return;
  }
  state.names.learn(event.name, event.ip);
  for (const auto& [id, instance] : state.instances) {
    Address& address = instance->address;
    if (!equals_ignore_case(address.host, event.name) || address.ip == event.ip) continue;
    address.ip = event.ip;
    close_link(state, *instance->link);
    instance->link->tried_at.reset();
    reconnect(state, *instance);
  }
}

}  // namespace kvstash::sentinel
