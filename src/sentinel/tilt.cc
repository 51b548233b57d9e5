#include "sentinel/tilt.h"

#include <string>
#include <utility>

namespace kvstash::sentinel {
namespace {

void publish(State& state, std::string channel, std::string payload) {
  state.actions.emplace_back(PublishEvent{
      .channel = std::move(channel), .payload = std::move(payload), .level = LogLevel::kWarning});
}

}  // namespace

void check_timer(State& state) {
  const std::optional<Moment> last = std::exchange(state.timer_at, state.now);
  if (!last) return;
  if (state.now >= *last && state.now - *last <= state.periods.tilt_trigger) return;
  state.is_tilted = true;
  state.tilted_at = state.now;
  publish(state, "+tilt", "#tilt mode entered");
}

bool is_tilted_now(State& state) {
  if (!state.is_tilted) return false;
  if (state.now - state.tilted_at < state.periods.tilt) return true;
  state.is_tilted = false;
  publish(state, "-tilt", "#tilt mode exited");
  return false;
}

}  // namespace kvstash::sentinel
