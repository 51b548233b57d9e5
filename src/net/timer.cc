#include "net/timer.h"

#include "base/ensure.h"
#include "net/loop.h"

#include <uv.h>

namespace kvstash::net {

struct Timer::State {
  uv_timer_t handle;  // handle.data points back at this State.
  std::function<void()> fire;

  void start(uint64_t delay_ms, uint64_t repeat_ms) {
    uv_update_time(handle.loop);  // Otherwise the delay would count from the start of the turn.
    ensure(uv_timer_start(&handle, on_due, delay_ms, repeat_ms) == 0);
  }

  static void on_due(uv_timer_t* handle) {
    // libuv runs due timers before it waits. This call prevents a wait in the same turn.
    uv_stop(handle->loop);
    static_cast<State*>(handle->data)->fire();
  }
};

Timer::Timer(Loop& loop, std::function<void()> fire) : state_(new State) {
  state_->handle.data = state_;
  state_->fire = std::move(fire);
  ensure(uv_timer_init(&loop.raw(), &state_->handle) == 0);
}

Timer::~Timer() {
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle),
           [](uv_handle_t* closed) { delete static_cast<State*>(closed->data); });
}

void Timer::start(std::chrono::milliseconds delay) {
  ensure(delay.count() >= 0);
  state_->start(static_cast<uint64_t>(delay.count()), 0);
}

void Timer::start_repeating(std::chrono::milliseconds period) {
  ensure(period.count() > 0);
  const auto period_ms = static_cast<uint64_t>(period.count());
  state_->start(period_ms, period_ms);
}

void Timer::stop() {
  uv_timer_stop(&state_->handle);
}

bool Timer::is_running() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&state_->handle)) != 0;
}

std::optional<std::chrono::milliseconds> Timer::due_in() const {
  if (!is_running()) return std::nullopt;
  return std::chrono::milliseconds(uv_timer_get_due_in(&state_->handle));
}

}  // namespace kvstash::net
