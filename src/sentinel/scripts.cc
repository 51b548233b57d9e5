#include "sentinel/scripts.h"

#include <optional>
#include <string>
#include <utility>

namespace kvstash::sentinel {
namespace {

constexpr int kNotStartedCode = 99;  // What Redis says of a script that could not be started.

void publish(State& state, std::string_view channel, std::string payload) {
  state.actions.emplace_back(PublishEvent{
      .channel = std::string(channel), .payload = std::move(payload), .level = LogLevel::kWarning});
}

}  // namespace

void run_scripts(State& state) {
  while (const std::optional<ScriptJob> job = state.scripts.begin_next(state.now))
    state.actions.emplace_back(RunScript{.script = job->id, .argv = job->argv});
}

void kill_late_scripts(State& state) {
  for (const ScriptJob& job : state.scripts.too_long(state.periods, state.now)) {
    publish(state, "-script-timeout", job.argv[0] + " " + std::to_string(job.pid));
    state.actions.emplace_back(KillScript{.script = job.id});
  }
}

void script_started(State& state, const ScriptStarted& event) {
  if (event.pid != 0) {
    state.scripts.set_pid(event.script, event.pid);
    write_log(state, LogLevel::kDebug, "+script-child " + std::to_string(event.pid));
    return;
  }
  if (const std::optional<ScriptJob> job = state.scripts.not_started(event.script))
    publish(state, "-script-error", job->argv[0] + " " + std::to_string(kNotStartedCode) + " 0");
}

void script_ended(State& state, const ScriptEnded& event) {
  const auto ended = state.scripts.ended(event.script, event, state.periods, state.now);
  if (!ended) return;
  const std::string code = std::to_string(event.exit_code);
  const std::string signal = std::to_string(event.signal);
  write_log(state, LogLevel::kDebug,
            "-script-child " + std::to_string(ended->job.pid) + " " + code + " " + signal);
  const bool is_error = event.signal != 0 || event.exit_code != 0;
  if (is_error && !ended->runs_again)
    publish(state, "-script-error", ended->job.argv[0] + " " + signal + " " + code);
}

}  // namespace kvstash::sentinel
