#include "sentinel/connections.h"

#include "base/ensure.h"
#include "sentinel/hello.h"
#include "sentinel/pace.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace kvstash::sentinel {
namespace {

constexpr size_t kIdCharsInName = 8;  // Of our id, in the name of our connections.

void push_send(State& state, const Instance& instance, LinkId id,
               std::initializer_list<std::string_view> argv) {
  Send send{.link = id, .argv = {}};
  for (const std::string_view word : argv)
    send.argv.emplace_back(word);
  ensure(!send.argv.empty());
  send.argv[0] = instance.group->options.name_of(send.argv[0]);
  state.actions.emplace_back(std::move(send));
}

struct Credentials {
  std::string_view user;
  std::string_view pass;
};

Credentials credentials_for(const State& state, const Instance& instance) {
  if (!instance.is_sentinel())
    return {instance.group->options.auth_user, instance.group->options.auth_pass};
  if (!state.options.sentinel_pass.empty())
    return {state.options.sentinel_user, state.options.sentinel_pass};
  return {{}, state.process.require_pass};
}

// AUTH and CLIENT SETNAME, which begin each connection. Whether AUTH succeeds shows in what
// follows.
void introduce(State& state, Instance& instance, LinkId id, std::string_view kind) {
  const Credentials login = credentials_for(state, instance);
  if (!login.pass.empty()) {
    if (login.user.empty()) {
      push_send(state, instance, id, {"AUTH", login.pass});
    } else {
      push_send(state, instance, id, {"AUTH", login.user, login.pass});
    }
  }
  const std::string name =
      "sentinel-" + state.my_id.substr(0, kIdCharsInName) + "-" + std::string(kind);
  push_send(state, instance, id, {"CLIENT", "SETNAME", name});
  Link& link = *instance.link;
  if (link.commands != id) return;  // What is answered on the other connection is not counted.
  const Request request{.asker = instance.id, .kind = RequestKind::kNothing};
  if (!login.pass.empty()) link.requests.push_back(request);
  link.requests.push_back(request);
}

void send_ping(State& state, Instance& instance) {
  if (!send_command(state, instance, RequestKind::kPing, {"PING"})) return;
  Link& link = *instance.link;
  link.ping_sent_at = state.now;
  // An older PING that waits for its answer is what counts.
  if (!link.ping_waits_since) link.ping_waits_since = state.now;
}

void open_commands(State& state, Instance& instance) {
  Link& link = *instance.link;
  const LinkId id = state.links.open_commands(link);
  link.commands_since = state.now;
  link.requests.clear();
  link.local_ip.clear();
  state.actions.emplace_back(Connect{.link = id,
                                     .ip = instance.address.ip,
                                     .port = instance.address.port,
                                     .use_tls = state.process.use_tls});
  introduce(state, instance, id, "cmd");
  send_ping(state, instance);
  if (instance.is_sentinel() && link.program != Program::kKvstash)
    send_command(state, instance, RequestKind::kAskProgram, {"INFO", "server"});
}

void open_messages(State& state, Instance& instance) {
  Link& link = *instance.link;
  const LinkId id = state.links.open_messages(link);
  link.messages_since = state.now;
  link.message_at = state.now;
  state.actions.emplace_back(Connect{.link = id,
                                     .ip = instance.address.ip,
                                     .port = instance.address.port,
                                     .use_tls = state.process.use_tls});
  introduce(state, instance, id, "pubsub");
  push_send(state, instance, id, {"SUBSCRIBE", kHelloChannel});
}

Duration info_period(const State& state, const Instance& instance) {
  const Monitored& group = *instance.group;
  if (!instance.is_replica()) return state.periods.info;
  const bool is_urgent = group.primary.is_objectively_down || group.failover.is_under_way() ||
                         instance.reported.link_down.count() != 0;
  if (!is_urgent) return state.periods.info;
  const bool is_awaited = instance.is_promoted && pace_of(state, group).is_quick;
  return std::min(state.periods.info, is_awaited ? pace_of(state, group).ping : kInfoUrgent);
}

bool is_due(const State& state, std::optional<Moment> last, Duration period) {
  return !last || state.now - *last > period;
}

int64_t announced_port(const State& state) {
  if (state.options.announce_port != 0) return state.options.announce_port;
  if (state.process.use_tls && state.process.tls_port != 0) return state.process.tls_port;
  return state.process.port;
}

}  // namespace

bool send_command(State& state, Instance& instance, RequestKind kind,
                  std::initializer_list<std::string_view> argv) {
  Link& link = *instance.link;
  if (!link.commands) return false;
  push_send(state, instance, *link.commands, argv);
  link.requests.push_back({.asker = instance.id, .kind = kind});
  return true;
}

void reconnect(State& state, Instance& instance) {
  Link& link = *instance.link;
  if (!link.is_disconnected || instance.address.port == 0) return;
  if (link.tried_at && state.now - *link.tried_at < pace_of(state, *instance.group).reconnect)
    return;
  const bool is_first = !link.tried_at;
  link.tried_at = state.now;
  // A name may stand for another address by now.
  if (state.options.resolve_hostnames && !is_first && !link.commands &&
      !is_ip(instance.address.host))
    resolve(state, instance.address.host);
  if (instance.address.ip.empty()) return;
  if (!link.commands) open_commands(state, instance);
  if (!instance.is_sentinel() && !link.messages) open_messages(state, instance);
  link.is_disconnected = false;
}

void send_periodic_commands(State& state, Instance& instance) {
  Link& link = *instance.link;
  if (link.is_disconnected) return;
  if (link.requests.size() >= kPendingCommandsMax * link.users) return;
  if (!instance.is_sentinel() && is_due(state, instance.reported.at, info_period(state, instance)))
    send_info(state, instance);
  const Duration ping = pace_of(state, *instance.group).ping;
  if (state.now - link.answered_at > ping && is_due(state, link.ping_sent_at, ping / 2))
    send_ping(state, instance);
  if (is_due(state, instance.published_at, state.periods.publish)) send_hello(state, instance);
}

bool send_info(State& state, Instance& instance) {
  // One answer is enough.
  for (const Request& request : instance.link->requests)
    if (request.kind == RequestKind::kInfo && request.asker == instance.id) return false;
  return send_command(state, instance, RequestKind::kInfo, {"INFO"});
}

bool send_hello(State& state, Instance& instance) {
  const Link& link = *instance.link;
  if (link.is_disconnected) return false;
  const std::string& host =
      state.options.announce_ip.empty() ? link.local_ip : state.options.announce_ip;
  if (host.empty()) return false;  // Not connected yet, so nobody knows how we are reached.
  for (const Request& request : link.requests)
    if (request.kind == RequestKind::kHello && request.asker == instance.id) return false;
  const Monitored& group = *instance.group;
  const Address& primary = current_primary(group);
  const std::string text = print_hello({.host = host,
                                        .port = announced_port(state),
                                        .id = state.my_id,
                                        .current_epoch = state.current_epoch,
                                        .primary_name = group.name,
                                        .primary_host = shown_host(state, primary),
                                        .primary_port = primary.port,
                                        .config_epoch = group.config_epoch});
  return send_command(state, instance, RequestKind::kHello, {"PUBLISH", kHelloChannel, text});
}

void send_hello_to_all(State& state, Monitored& group) {
  for_each_instance(group, [&](Instance& instance) {
    instance.published_at.reset();
    send_hello(state, instance);
  });
}

bool send_replica_of(State& state, Instance& instance, const Address* primary) {
  if (!instance.link->commands) return false;
  const std::string host = primary == nullptr ? "NO" : shown_host(state, *primary);
  const std::string port = primary == nullptr ? "ONE" : std::to_string(primary->port);
  send_command(state, instance, RequestKind::kNothing, {"MULTI"});
  send_command(state, instance, RequestKind::kNothing, {"SLAVEOF", host, port});
  send_command(state, instance, RequestKind::kNothing, {"CONFIG", "REWRITE"});
  send_command(state, instance, RequestKind::kNothing, {"CLIENT", "KILL", "TYPE", "normal"});
  send_command(state, instance, RequestKind::kNothing, {"CLIENT", "KILL", "TYPE", "pubsub"});
  send_command(state, instance, RequestKind::kNothing, {"EXEC"});
  send_command(state, instance, RequestKind::kInfo, {"INFO"});
  return true;
}

void close_commands(State& state, Link& link) {
  if (!link.commands) return;
  state.actions.emplace_back(Disconnect{.link = *link.commands});
  state.links.forget(*link.commands);
  link.commands.reset();
  link.requests.clear();
  link.local_ip.clear();
  link.is_disconnected = true;
}

void close_messages(State& state, Link& link) {
  if (!link.messages) return;
  state.actions.emplace_back(Disconnect{.link = *link.messages});
  state.links.forget(*link.messages);
  link.messages.reset();
  link.is_disconnected = true;
}

void close_link(State& state, Link& link) {
  close_commands(state, link);
  close_messages(state, link);
}

void release_link(State& state, Instance& instance) {
  Link& link = *instance.link;
  // Requests of this instance keep their place; their replies find no asker.
  if (link.users == 1) close_link(state, link);
  state.links.release(link);
  instance.link = nullptr;
}

void link_opened(State& state, const LinkOpened& event) {
  Link* link = state.links.find(event.link);
  if (link == nullptr || link->commands != event.link) return;
  link->local_ip = event.local_ip;
  // Those to whom a hello was owed get it now that we know how we are reached.
  for (const auto& [id, instance] : state.instances)
    if (instance->link == link && !instance->published_at) send_hello(state, *instance);
}

void link_closed(State& state, const LinkClosed& event) {
  Link* link = state.links.find(event.link);
  if (link == nullptr) return;
  const bool is_commands = link->commands == event.link;
  for (const auto& [id, instance] : state.instances) {
    if (instance->link != link) continue;
    announce(state, LogLevel::kDebug,
             is_commands ? "-cmd-link-reconnection" : "-pubsub-link-reconnection", *instance,
             "#" + event.reason);
    break;
  }
  state.links.forget(event.link);
  link->is_disconnected = true;
  if (is_commands) {
    link->commands.reset();
    link->requests.clear();
    link->local_ip.clear();
  } else {
    link->messages.reset();
  }
}

void ping_answered(State& state, Instance& instance, const resp::Reply& reply) {
  Link& link = *instance.link;
  const std::string_view text = reply.text;
  const bool is_text =
      reply.type == resp::Reply::Type::kSimple || reply.type == resp::Reply::Type::kError;
  const bool is_pong = is_text && text.starts_with("PONG");
  if (is_pong || (is_text && (text.starts_with("LOADING") || text.starts_with("MASTERDOWN")))) {
    link.answered_well_at = state.now;
    link.has_answered_well = true;
    link.ping_waits_since.reset();
    if (is_pong) instance.rebooted_at.reset();
  } else if (is_text && text.starts_with("BUSY") && instance.is_subjectively_down &&
             !instance.is_script_kill_sent) {
    send_command(state, instance, RequestKind::kNothing, {"SCRIPT", "KILL"});
    instance.is_script_kill_sent = true;
  }
  link.answered_at = state.now;
}

}  // namespace kvstash::sentinel
