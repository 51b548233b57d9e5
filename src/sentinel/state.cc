#include "sentinel/state.h"

#include "base/ensure.h"
#include "base/text.h"
#include "sentinel/connections.h"

#include <algorithm>
#include <utility>

namespace kvstash::sentinel {
namespace {

void init_instance(State& state, Monitored& group, Instance& instance, const Address& address) {
  instance.id = static_cast<InstanceId>(++state.last_instance);
  instance.group = &group;
  instance.address = address;
  instance.down_after = group.options.down_after;
  instance.reported.role = instance.is_replica() ? DataRole::kReplica : DataRole::kPrimary;
  instance.reported.role_since = state.now;
  instance.reported.primary_since = state.now;
  instance.peer.hello_at = state.now;
  instance.peer.answered_at = state.now;
  state.instances.emplace(instance.id, &instance);
}

void drop_instance(State& state, Instance& instance) {
  release_link(state, instance);
  state.instances.erase(instance.id);
}

// A warning about something that belongs to a primary starts that primary's notification script.
void notify(State& state, LogLevel level, const Instance& about, std::string_view event,
            std::string_view text) {
  const std::string& script = about.group->options.notification_script;
  if (level != LogLevel::kWarning || script.empty()) return;
  state.scripts.add({script, std::string(event), std::string(text)});
}

std::string host_port_text(const State& state, const Address& address) {
  return shown_host(state, address) + " " + std::to_string(address.port);
}

MonitorState saved_monitor(const State& state, const Monitored& group) {
  const Address& primary = current_primary(group);
  MonitorState saved{.name = group.name,
                     .host = shown_host(state, primary),
                     .port = primary.port,
                     .options = group.options,
                     .config_epoch = group.config_epoch,
                     .leader_epoch = group.leader_epoch};
  for (const auto& replica : group.replicas) {
    // Once the promoted replica stands in the place of the primary, the old primary takes its own.
    const Address& address =
        is_same_place(replica->address, primary) ? group.primary.address : replica->address;
    saved.replicas.push_back({.host = shown_host(state, address), .port = address.port});
  }
  for (const auto& sentinel : group.sentinels)
    saved.sentinels.push_back({.host = shown_host(state, sentinel->address),
                               .port = sentinel->address.port,
                               .id = sentinel->run_id});
  return saved;
}

}  // namespace

Monitored* find_group(State& state, std::string_view name) {
  for (const auto& group : state.groups)
    if (group->name == name) return group.get();
  return nullptr;
}

Monitored* find_group_at(State& state, std::string_view host, int64_t port) {
  for (const auto& group : state.groups)
    if (group->primary.address.port == port && state.names.means(host, group->primary.address))
      return group.get();
  return nullptr;
}

Instance* find_replica(Monitored& group, const Address& address) {
  for (const auto& replica : group.replicas)
    if (is_same_place(replica->address, address)) return replica.get();
  return nullptr;
}

Instance* find_sentinel(Monitored& group, const Address* address, const std::string* id) {
  for (const auto& sentinel : group.sentinels) {
    if (id != nullptr && sentinel->run_id != *id) continue;
    if (address != nullptr && !is_same_place(sentinel->address, *address)) continue;
    return sentinel.get();
  }
  return nullptr;
}

Instance* find_instance(State& state, InstanceId id) {
  const auto found = state.instances.find(id);
  return found == state.instances.end() ? nullptr : found->second;
}

Monitored& add_group(State& state, const NewMonitor& monitor) {
  ensure(find_group(state, monitor.name) == nullptr);
  Monitored& group = *state.groups.emplace_back(std::make_unique<Monitored>());
  group.name = std::string(monitor.name);
  group.options.quorum = monitor.quorum;
  group.options.down_after = state.periods.default_down_after;
  group.options.failover_timeout = state.periods.default_failover_timeout;
  group.primary.name = group.name;
  init_instance(state, group, group.primary, monitor.address);
  group.primary.link = &state.links.add(state.now);
  return group;
}

void remove_group(State& state, Monitored& group) {
  remove_replicas(state, group);
  remove_sentinels(state, group);
  drop_instance(state, group.primary);
  std::erase_if(state.groups, [&](const auto& other) { return other.get() == &group; });
}

Instance& add_replica(State& state, Monitored& group, const Address& address) {
  ensure(find_replica(group, address) == nullptr);
  Instance& replica = *group.replicas.emplace_back(std::make_unique<Instance>());
  replica.role = InstanceRole::kReplica;
  replica.name = host_and_port(shown_host(state, address), address.port);
  init_instance(state, group, replica, address);
  replica.link = &state.links.add(state.now);
  return replica;
}

Instance& add_sentinel(State& state, Monitored& group, const Address& address,
                       std::string_view id) {
  const std::string run_id(id);
  ensure(find_sentinel(group, nullptr, &run_id) == nullptr);
  Instance& sentinel = *group.sentinels.emplace_back(std::make_unique<Instance>());
  sentinel.role = InstanceRole::kSentinel;
  sentinel.name = run_id;
  sentinel.run_id = run_id;
  init_instance(state, group, sentinel, address);
  // The same peer watches another of our primaries: one link serves both.
  for (const auto& other : state.groups) {
    Instance* twin = other.get() == &group ? nullptr : find_sentinel(*other, &address, &run_id);
    if (twin == nullptr) continue;
    sentinel.link = twin->link;
    state.links.share(*twin->link);
    return sentinel;
  }
  sentinel.link = &state.links.add(state.now);
  return sentinel;
}

void remove_replicas(State& state, Monitored& group) {
  group.failover.promoted = nullptr;
  for (const auto& replica : group.replicas)
    drop_instance(state, *replica);
  group.replicas.clear();
}

void remove_sentinels(State& state, Monitored& group) {
  for (const auto& sentinel : group.sentinels)
    drop_instance(state, *sentinel);
  group.sentinels.clear();
}

void remove_sentinel(State& state, Monitored& group, Instance& sentinel) {
  drop_instance(state, sentinel);
  std::erase_if(group.sentinels, [&](const auto& other) { return other.get() == &sentinel; });
}

void resolve(State& state, std::string_view name) {
  std::string key = to_lower(name);
  if (!state.names_asked.insert(key).second) return;
  state.actions.emplace_back(Resolve{.name = std::move(key)});
}

Address locate(State& state, std::string_view host, int64_t port) {
  Address address = state.names.address_of(host, port);
  if (address.ip.empty() && state.options.resolve_hostnames) resolve(state, host);
  return address;
}

std::string describe(const State& state, const Instance& instance) {
  std::string text(role_name(instance.role));
  text.append(" ").append(instance.name);
  text.append(" ").append(host_port_text(state, instance.address));
  if (instance.is_primary()) return text;
  const Instance& primary = instance.group->primary;
  text.append(" @ ").append(primary.name);
  return text.append(" ").append(host_port_text(state, primary.address));
}

const std::string& shown_host(const State& state, const Address& address) {
  return announced_host(address, state.options.announce_hostnames);
}

void announce(State& state, LogLevel level, std::string_view event, const Instance& about,
              std::string_view more) {
  std::string text = describe(state, about);
  if (!more.empty()) text.append(" ").append(more);
  announce_text(state, level, event, about, std::move(text));
}

void announce_text(State& state, LogLevel level, std::string_view event, const Instance& about,
                   std::string text) {
  notify(state, level, about, event, text);
  if (level == LogLevel::kDebug) {
    write_log(state, level, std::string(event) + " " + text);
  } else {
    state.actions.emplace_back(
        PublishEvent{.channel = std::string(event), .payload = std::move(text), .level = level});
  }
}

void write_log(State& state, LogLevel level, std::string text) {
  state.actions.emplace_back(WriteLog{.text = std::move(text), .level = level});
}

void save_config(State& state) {
  state.must_save = true;
}

ConfigState saved_state(const State& state) {
  ConfigState saved{
      .my_id = state.my_id, .current_epoch = state.current_epoch, .options = state.options};
  for (const auto& group : state.groups)
    saved.monitors.push_back(saved_monitor(state, *group));
  return saved;
}

Duration draw_below(State& state, Duration most) {
  if (most.count() <= 0) return Duration(0);
  return Duration(static_cast<int64_t>(state.random.below(static_cast<uint64_t>(most.count()))));
}

}  // namespace kvstash::sentinel
