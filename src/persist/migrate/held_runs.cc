#include "persist/migrate/held_runs.h"

#include "engine/shard.h"

#include <utility>

namespace kvstash::persist {

using engine::Hold;
using engine::Shard;

bool HeldRuns::run(std::vector<size_t> shards, std::function<void(const Hold&)> action) {
  ensure(!shards.empty());
  const auto present = std::make_shared<Run>();
  {
    const std::lock_guard guard(lock_);
    if (is_cancelled_) return false;
    present_ = present;
  }
  const size_t first = shards.front();
  set_->submit(first, [present, shards = std::move(shards),
                       action = std::move(action)](Shard& shard) mutable {
    shard.traffic().hold_some(shards, [present, action = std::move(action)](const Hold& hold) {
      if (!present->change(kWaits, kRuns)) return;
      action(hold);
      present->change(kRuns, kDone);
    });
  });
  for (uint32_t state = present->state; state < kDone; state = present->state)
    present->state.wait(state);
  const std::lock_guard guard(lock_);
  present_ = nullptr;
  return present->state == kDone;
}

void HeldRuns::cancel() {
  const std::lock_guard guard(lock_);
  is_cancelled_ = true;
  if (present_ != nullptr) present_->change(kWaits, kCancelled);
}

}  // namespace kvstash::persist
