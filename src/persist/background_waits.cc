#include "persist/background_waits.h"

#include "base/ensure.h"
#include "engine/shard.h"

#include <utility>

namespace kvstash::persist {

bool BackgroundWaits::change(Parking& parking, PendingHold& hold, uint32_t from, uint32_t to) {
  if (!hold.state.compare_exchange_strong(from, to)) return false;
  parking.wake(hold.state);
  return true;
}

bool BackgroundWaits::hold_all(Action action) {
  return run(
      0, [](engine::Shard& first, Action then) { first.traffic().hold_all(std::move(then)); },
      std::move(action));
}

bool BackgroundWaits::hold_some(std::vector<size_t> shards, Action action) {
  ensure(!shards.empty());
  const size_t first_shard = shards.front();
  return run(
      first_shard,
      [shards = std::move(shards)](engine::Shard& first, Action then) {
        first.traffic().hold_some(shards, std::move(then));
      },
      std::move(action));
}

bool BackgroundWaits::run(size_t shard, const std::function<void(engine::Shard&, Action)>& take,
                          Action action) {
  const auto hold = std::make_shared<PendingHold>();
  Parking& parking = *set_->ports().parking;
  {
    const std::lock_guard guard(lock_);
    if (has_ended()) return false;
    pending_.push_back(hold);
  }
  // A hold that was cancelled comes to its turn all the same, perhaps when this object is gone.
  set_->submit(shard, [&parking, take, action = std::move(action), hold](engine::Shard& first) {
    take(first, [&parking, action, hold](const engine::Hold& held) {
      if (!change(parking, *hold, PendingHold::kWaits, PendingHold::kRuns)) return;
      action(held);
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
