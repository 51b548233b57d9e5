// How the thread of a shard stands still while others work on it, and is let go.
#include "engine/shard.h"

namespace kvstash::engine {
namespace {

constexpr int64_t kSpinNs = 2000;

// Of the park word; the rest counts holds.
constexpr uint32_t kParkedBit = 1;  // The shard waits by its port.
constexpr uint32_t kAskedBit = 2;   // It is to do a busy turn, and to take the bit away then.
constexpr uint32_t kHoldUnit = 4;
constexpr uint32_t kHoldMask = ~(kHoldUnit - 1);

}  // namespace

// Read before the shard counts itself in; it waits until it is another.
uint32_t Shard::park_word() const {
  return park_word_.load(std::memory_order_relaxed) & kHoldMask;
}

void Shard::park(uint32_t word) {
  const int64_t began_ns = set_->clock().monotonic_ns();
  const auto is_held = [&] {
    return (park_word_.load(std::memory_order_acquire) & kHoldMask) == word;
  };
  if (set_->size() < set_->core_count()) {
    while (is_held() && set_->clock().monotonic_ns() - began_ns < kSpinNs) {
    }
  }
  while (is_held()) {
    uint32_t now = park_word_.load(std::memory_order_acquire);
    if ((now & kHoldMask) != word) break;
    if ((now & kAskedBit) != 0) {
      busy_turn();
      park_word_.fetch_and(~kAskedBit, std::memory_order_acq_rel);
      set_->ports().parking->wake(park_word_);
      continue;
    }
    if ((now & kParkedBit) == 0 &&
        !park_word_.compare_exchange_strong(now, now | kParkedBit, std::memory_order_acq_rel))
      continue;
    set_->ports().parking->wait(park_word_, now | kParkedBit);
  }
  stats_.park_ns += static_cast<uint64_t>(set_->clock().monotonic_ns() - began_ns);
}

void Shard::unpark() {
  const uint32_t next = park_word() + kHoldUnit;
  if ((park_word_.exchange(next, std::memory_order_acq_rel) & kParkedBit) != 0)
    set_->ports().parking->wake(park_word_);
}

// ---- By the thread that executes, of a shard it holds.

void Shard::ask_for_busy_turn() {
  if ((park_word_.fetch_or(kAskedBit, std::memory_order_acq_rel) & kParkedBit) != 0)
    set_->ports().parking->wake(park_word_);
}

void Shard::await_busy_turn() {
  for (;;) {
    const uint32_t now = park_word_.load(std::memory_order_acquire);
    if ((now & kAskedBit) == 0) return;
    set_->ports().parking->wait(park_word_, now);
  }
}

}  // namespace kvstash::engine
