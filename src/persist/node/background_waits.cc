#include "persist/node/background_waits.h"

#include "engine/shard.h"

#include <utility>

namespace kvstash::persist {

bool BackgroundWaits::change(Parking& parking, PendingHold& hold, uint32_t from, uint32_t to) {
  if (!hold.state.compare_exchange_strong(from, to)) return false;
  parking.wake(hold.state);
  return true;
}

bool BackgroundWaits::hold_all(std::function<void(const engine::Hold&)> action) {
  const auto hold = std::make_shared<PendingHold>();
  Parking& parking = *set_->ports().parking;
  {
    const std::lock_guard guard(lock_);
    if (has_ended()) return false;
    pending_.push_back(hold);
  }
  // A hold that was cancelled comes to its turn all the same, perhaps when this object is gone.
  set_->submit(0, [&parking, action = std::move(action), hold](engine::Shard& first) {
    first.traffic().hold_all([&parking, action, hold](const engine::Hold& all) {
      if (!change(parking, *hold, PendingHold::kWaits, PendingHold::kRuns)) return;
      action(all);
      change(parking, *hold, PendingHold::kRuns, PendingHold::kDone);
    });
  });
  for (uint32_t state = hold->state; state < PendingHold::kDone; state = hold->state)
    parking.wait(hold->state, state);
  const std::lock_guard guard(lock_);
  std::erase(pending_, hold);
  return hold->state == PendingHold::kDone;
}

void BackgroundWaits::rest(std::chrono::microseconds time) {
  const Clock& clock = set_->clock();
  const int64_t until_ns = clock.monotonic_ns() + std::chrono::nanoseconds(time).count();
  for (int64_t left_ns = until_ns - clock.monotonic_ns(); left_ns > 0 && !has_ended();
       left_ns = until_ns - clock.monotonic_ns())
    set_->ports().parking->wait_for(ended_, 0, left_ns);
}

void BackgroundWaits::end() {
  ended_ = 1;
  set_->ports().parking->wake(ended_);
  const std::lock_guard guard(lock_);
  for (const std::shared_ptr<PendingHold>& hold : pending_)
    change(*set_->ports().parking, *hold, PendingHold::kWaits, PendingHold::kCancelled);
}

}  // namespace kvstash::persist
