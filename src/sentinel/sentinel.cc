#include "sentinel/sentinel.h"

#include "base/ensure.h"
#include "base/text.h"
#include "sentinel/command.h"
#include "sentinel/connections.h"
#include "sentinel/discovery.h"
#include "sentinel/down_state.h"
#include "sentinel/failover.h"
#include "sentinel/hello.h"
#include "sentinel/report.h"
#include "sentinel/scripts.h"
#include "sentinel/tilt.h"

#include <utility>
#include <variant>
#include <vector>

namespace kvstash::sentinel {
namespace {

std::string draw_id(Random& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (size_t i = 0; i < kRunIdChars; ++i)
    id += kDigits[random.below(kDigits.size())];
  return id;
}

// What follows for a primary from news about it: nothing waits for the timer.
void progress(State& state, Monitored& group) {
  if (state.is_tilted) return;
  check_objectively_down(state, group);
  if (start_failover_if_needed(state, group)) ask_peers(state, group, true);
  advance_failover(state, group);
  if (group.failover.step == FailoverStep::kUpdateConfig) finish_failover(state, group);
}

void watch(State& state, Instance& instance) {
  reconnect(state, instance);
  send_periodic_commands(state, instance);
  if (!is_tilted_now(state)) check_subjectively_down(state, instance);
}

void watch_group(State& state, Monitored& group) {
  watch(state, group.primary);
  if (!state.is_tilted) {
    check_objectively_down(state, group);
    if (start_failover_if_needed(state, group)) ask_peers(state, group, true);
    advance_failover(state, group);
    ask_peers(state, group, false);
  }
  for (const auto& replica : group.replicas)
    watch(state, *replica);
  for (const auto& sentinel : group.sentinels)
    watch(state, *sentinel);
  if (!state.is_tilted && group.failover.step == FailoverStep::kUpdateConfig)
    finish_failover(state, group);
}

// Nobody was asked for a vote before the new epoch was on the disk, which may have taken longer
// than a whole election: its time begins now.
void begin_elections(State& state) {
  for (const auto& group : state.groups) {
    Failover& failover = group->failover;
    if (failover.step == FailoverStep::kWaitStart && failover.step_since == state.saving_since)
      failover.step_since = state.now;
  }
  state.saving_since.reset();
}

}  // namespace

Sentinel::Sentinel(Passkey, SentinelSetup setup) : state_(std::make_unique<State>(setup.seed)) {
  state_->process = std::move(setup.process);
  state_->config_text = std::move(setup.config_text);
  state_->can_execute = std::move(setup.can_execute);
}

Result<std::unique_ptr<Sentinel>> Sentinel::make(SentinelSetup setup) {
  const Result<ConfigState> config = parse_config(setup.config_text, setup.can_execute);
  if (!config.ok()) return config.error();
  auto sentinel = std::make_unique<Sentinel>(Passkey{}, std::move(setup));
  sentinel->apply(*config);
  return sentinel;
}

void Sentinel::apply(const ConfigState& config) {
  State& state = *state_;
  state.my_id = config.my_id.empty() ? draw_id(state.random) : config.my_id;
  state.current_epoch = config.current_epoch;
  state.options = config.options;
  for (const MonitorState& monitor : config.monitors) {
    Monitored& group = add_group(state, {.name = monitor.name,
                                         .address = locate(state, monitor.host, monitor.port),
                                         .quorum = monitor.options.quorum});
    group.options = monitor.options;
    group.primary.down_after = monitor.options.down_after;
    group.config_epoch = monitor.config_epoch;
    group.leader_epoch = monitor.leader_epoch;
    for (const ListedReplica& replica : monitor.replicas) {
      const Address address = locate(state, replica.host, replica.port);
      if (find_replica(group, address) == nullptr) add_replica(state, group, address);
    }
    for (const KnownSentinel& known : monitor.sentinels)
      if (known.id != state.my_id)
        add_sentinel(state, group, locate(state, known.host, known.port), known.id);
  }
}

Actions Sentinel::start(Moment now, Instant wall) {
  State& state = *state_;
  Actions resolve = std::exchange(state.actions, {});  // Of names in the configuration.
  begin(now);
  state.actions = std::move(resolve);
  state.wall = wall;
  state.wall_at = now;
  for (const auto& group : state.groups) {
    for_each_instance(*group, [&](Instance& instance) {
      // Until now nobody could answer.
      instance.reported.role_since = now;
      instance.reported.primary_since = now;
      instance.peer.hello_at = now;
      instance.peer.answered_at = now;
      instance.link->message_at = now;
      instance.link->ping_waits_since = now;
      instance.link->answered_well_at = now;
      instance.link->answered_at = now;
    });
  }
  save_config(state);
  write_log(state, LogLevel::kWarning, "Sentinel ID is " + state.my_id);
  for (const auto& group : state.groups)
    announce(state, LogLevel::kWarning, "+monitor", group->primary,
             "quorum " + std::to_string(group->options.quorum));
  on(TimerFired{.wall = wall});
  return end();
}

Actions Sentinel::step(const Event& event, Moment now) {
  begin(now);
  std::visit([this](const auto& each) { on(each); }, event);
  return end();
}

void Sentinel::begin(Moment now) {
  ensure(now >= state_->now);
  state_->now = now;
  state_->actions.clear();
  state_->must_save = false;
}

Actions Sentinel::end() {
  State& state = *state_;
  run_scripts(state);
  if (state.must_save) {
    state.saving_since = state.now;
    state.config_text = rewrite_config(state.config_text, saved_state(state));
    state.actions.insert(state.actions.begin(), SaveConfig{.text = state.config_text});
  }
  return std::exchange(state.actions, {});
}

void Sentinel::on(const TimerFired& event) {
  State& state = *state_;
  state.wall = event.wall;
  state.wall_at = state.now;
  check_timer(state);
  for (const auto& group : state.groups)
    watch_group(state, *group);
  kill_late_scripts(state);
  state.actions.emplace_back(
      SetTimer{.after = kTimerMin + draw_below(state, kTimerMax - kTimerMin)});
}

void Sentinel::on(const LinkOpened& event) {
  link_opened(*state_, event);
}

void Sentinel::on(const LinkClosed& event) {
  link_closed(*state_, event);
}

void Sentinel::on(const ReplyReceived& event) {
  Link* link = state_->links.find(event.link);
  if (link == nullptr) return;
  if (link->commands == event.link) return on_answer(*link, event.reply);
  link->message_at = state_->now;
  on_message(event.reply);
}

void Sentinel::on(const NameResolved& event) {
  learn_name(*state_, event);
}

void Sentinel::on(const ScriptStarted& event) {
  script_started(*state_, event);
}

void Sentinel::on(const ScriptEnded& event) {
  script_ended(*state_, event);
}

void Sentinel::on(const ConfigSaved& event) {
  begin_elections(*state_);
  if (event.error.empty()) {
    write_log(*state_, LogLevel::kNotice, "Sentinel new configuration saved on disk");
  } else {
    write_log(
        *state_, LogLevel::kWarning,
        "WARNING: Sentinel was not able to save the new configuration on disk!!!: " + event.error);
  }
}

void Sentinel::on_message(const resp::Reply& reply) {
  using Type = resp::Reply::Type;
  if (!reply.is_aggregate() || reply.items.size() != 3) return;
  const resp::Reply& kind = reply.items[0];
  const resp::Reply& text = reply.items[2];
  if (kind.type != Type::kBulk || kind.text != "message" || text.type != Type::kBulk) return;
  learn_hello(*state_, text.text);
}

void Sentinel::on_answer(Link& link, const resp::Reply& reply) {
  State& state = *state_;
  if (link.requests.empty()) return;  // Nobody asked; a server that does so is not trusted.
  const Request request = link.requests.front();
  link.requests.pop_front();
  if (request.kind == RequestKind::kAskProgram) {
    link.program = is_kvstash_info(reply.text) ? Program::kKvstash : Program::kRedis;
    return;
  }
  Instance* instance = find_instance(state, request.asker);
  if (instance == nullptr) return;  // It was removed meanwhile.
  Monitored& group = *instance->group;
  switch (request.kind) {
    case RequestKind::kNothing:
    case RequestKind::kAskProgram:
      return;
    case RequestKind::kPing:
      return ping_answered(state, *instance, reply);
    case RequestKind::kHello:
      if (!reply.is_error()) instance->published_at = state.now;
      return;
    case RequestKind::kInfo:
      if (reply.type == resp::Reply::Type::kBulk || reply.type == resp::Reply::Type::kVerbatim)
        learn_info(state, *instance, reply.text);
      break;
    case RequestKind::kAskDown:
      peer_answered(state, *instance, reply);
      break;
  }
  progress(state, group);
}

CommandOutcome Sentinel::command(std::span<const std::string_view> argv, resp::ReplyWriter& reply,
                                 Moment now) {
  begin(now);
  const bool is_promise = run_command(*state_, argv, reply);
  return {.actions = end(), .is_promise_to_save = is_promise};
}

CommandOutcome Sentinel::publish(std::span<const std::string_view> argv, resp::ReplyWriter& reply,
                                 Moment now) {
  begin(now);
  if (argv.size() != 3) {
    reply.error("ERR wrong number of arguments for 'publish' command");
  } else if (argv[1] != kHelloChannel) {
    reply.error("ERR Only HELLO messages are accepted by Sentinel instances.");
  } else {
    learn_hello(*state_, argv[2]);
    reply.integer(1);
  }
  return {.actions = end(), .is_promise_to_save = false};
}

void Sentinel::write_role(resp::ReplyWriter& reply) const {
  sentinel::write_role(*state_, reply);
}

std::string Sentinel::info_lines(Moment now) const {
  return sentinel::info_lines(*state_, now);
}

}  // namespace kvstash::sentinel
