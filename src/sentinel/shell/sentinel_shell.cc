#include "sentinel/shell/sentinel_shell.h"

#include "base/ensure.h"
#include "base/log.h"

#include <utility>
#include <variant>
#include <vector>

namespace kvstash::sentinel {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kUsPerMs = 1'000;

Instant wall(const Clock& clock) {
  return from_ms(clock.wall_now_us() / kUsPerMs);
}

}  // namespace

SentinelShell::SentinelShell(std::unique_ptr<Sentinel> brain, Setup setup)
    : brain_(std::move(brain)),
      setup_(std::move(setup)),
      tell_([this](std::vector<Event> events) { hear(std::move(events)); }),
      timer_(*setup_.loop, [this] { step(TimerFired{.wall = wall(*setup_.clock)}); }),
      names_(*setup_.loop, [this](const std::string& name, const std::string& ip) {
        step(NameResolved{.name = name, .ip = ip});
      }) {}

Moment SentinelShell::now() const {
  return Moment(Duration(setup_.clock->monotonic_ns() / kNsPerMs));
}

void SentinelShell::start() {
  carry_out(brain_->start(now(), wall(*setup_.clock)));
}

Status SentinelShell::command(std::span<const std::string_view> argv, resp::ReplyWriter& reply) {
  return answer(brain_->command(argv, reply, now()));
}

Status SentinelShell::publish(std::span<const std::string_view> argv, resp::ReplyWriter& reply) {
  return answer(brain_->publish(argv, reply, now()));
}

Status SentinelShell::answer(CommandOutcome outcome) {
  was_save_lost_ = false;
  carry_out(outcome.actions);
  if (outcome.is_promise_to_save && was_save_lost_) return Error::literal(kSaveFailedError);
  return {};
}

void SentinelShell::step(const Event& event) {
  carry_out(brain_->step(event, now()));
}

void SentinelShell::hear(std::vector<Event> events) {
  for (const Event& event : events) {
    if (const auto* closed = std::get_if<LinkClosed>(&event)) connections_.erase(closed->link);
    step(event);
  }
}

// ---- Actions.

void SentinelShell::carry_out(const Actions& actions) {
  for (const Action& action : actions)
    std::visit([this](const auto& each) { act(each); }, action);
  while (!caused_.empty()) {
    const Event next = std::move(caused_.front());
    caused_.pop_front();
    for (const Action& action : brain_->step(next, now()))
      std::visit([this](const auto& each) { act(each); }, action);
  }
}

void SentinelShell::act(const Connect& action) {
  std::shared_ptr<net::TlsContext> tls;
  if (action.use_tls) {
    Result<std::shared_ptr<net::TlsContext>> made = setup_.tls();
    if (!made.ok()) return lose(action.link, made.error().message());
    tls = *made;
  }
  Result<std::unique_ptr<InstanceConnection>> opened =
      InstanceConnection::open(*setup_.loop, action.link,
                               {.ip = action.ip,
                                .port = static_cast<uint16_t>(action.port),
                                .source = setup_.source_address},
                               tls.get(), tell_);
  if (!opened.ok()) return lose(action.link, opened.error().message());
  connections_[action.link] = *std::move(opened);
}

void SentinelShell::act(const Disconnect& action) {
  connections_.erase(action.link);
}

void SentinelShell::act(const Send& action) {
  const auto found = connections_.find(action.link);
  if (found == connections_.end()) return;  // It was lost in this step; the brain will be told.
  if (!found->second->send(action.argv)) lose(action.link, "it does not take what is sent");
}

// There is no connection of this number any more.
void SentinelShell::lose(LinkId link, std::string_view reason) {
  connections_.erase(link);
  caused_.emplace_back(LinkClosed{.link = link, .reason = std::string(reason)});
}

void SentinelShell::act(const PublishEvent& action) {
  log(action.level, action.channel + " " + action.payload);
  setup_.publish(action.channel, action.payload);
}

void SentinelShell::act(const WriteLog& action) {
  log(action.level, action.text);
}

void SentinelShell::act(const RunScript& action) {
  const ScriptId id = action.script;
  auto started = net::ChildProcess::start(
      *setup_.loop, action.argv, [this, id](const net::ChildProcess::End& end) {
        // Destroying the process ends the life of what this function has captured.
        SentinelShell& self = *this;
        const ScriptEnded ended{.script = id, .exit_code = end.exit_code, .signal = end.signal};
        self.scripts_.erase(id);
        self.step(ended);
      });
  if (!started.ok()) {
    log(LogLevel::kWarning, "Can't start a script: " + std::string(started.error().message()));
    caused_.emplace_back(ScriptStarted{.script = id, .pid = 0});
    return;
  }
  caused_.emplace_back(ScriptStarted{.script = id, .pid = (*started)->pid()});
  scripts_[id] = *std::move(started);
}

void SentinelShell::act(const KillScript& action) {
  if (const auto found = scripts_.find(action.script); found != scripts_.end())
    found->second->kill();
}

void SentinelShell::act(const SaveConfig& action) {
  const Status saved = setup_.save_config(action.text);
  was_save_lost_ = !saved.ok();
  caused_.emplace_back(
      ConfigSaved{.error = saved.ok() ? std::string() : std::string(saved.error().message())});
}

void SentinelShell::act(const Resolve& action) {
  if (!names_.start(action.name))
    caused_.emplace_back(NameResolved{.name = action.name, .ip = std::string()});
}

void SentinelShell::act(const SetTimer& action) {
  timer_.start(action.after);
}

void SentinelShell::act(const ExitProcess& action) {
  setup_.exit_process(action.code);
}

void SentinelShell::act(const SetLogLevel& action) {
  setup_.set_log_level(action.level);
}

}  // namespace kvstash::sentinel
