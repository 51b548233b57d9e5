#include "engine/traffic/park_word.h"

namespace kvstash::engine {
namespace {

constexpr int64_t kSpinNs = 2000;

// The bits of the park word; the upper bits count holds.
constexpr uint32_t kParkedBit = 1;  // The thread waits by its Parking.
// The thread is to do a busy turn and then to clear this bit.
constexpr uint32_t kAskedBit = 2;
constexpr uint32_t kHoldUnit = 4;
constexpr uint32_t kHoldMask = ~(kHoldUnit - 1);

}  // namespace

uint32_t ParkWord::value() const {
  return word_.load(std::memory_order_relaxed) & kHoldMask;
}

uint64_t ParkWord::park(uint32_t value, bool spins, const std::function<void()>& answer) {
  const int64_t began_ns = ports_->clock->monotonic_ns();
  const auto is_held = [&] { return (word_.load(std::memory_order_acquire) & kHoldMask) == value; };
  if (spins) {
    while (is_held() && ports_->clock->monotonic_ns() - began_ns < kSpinNs) {
    }
  }
  while (is_held()) {
    uint32_t now = word_.load(std::memory_order_acquire);
    if ((now & kHoldMask) != value) break;
    if ((now & kAskedBit) != 0) {
      answer();
      word_.fetch_and(~kAskedBit, std::memory_order_acq_rel);
      ports_->parking->wake(word_);
      continue;
    }
    if ((now & kParkedBit) == 0 &&
        !word_.compare_exchange_strong(now, now | kParkedBit, std::memory_order_acq_rel))
      continue;
    ports_->parking->wait(word_, now | kParkedBit);
  }
  return static_cast<uint64_t>(ports_->clock->monotonic_ns() - began_ns);
}

void ParkWord::unpark() {
  const uint32_t next = value() + kHoldUnit;
  if ((word_.exchange(next, std::memory_order_acq_rel) & kParkedBit) != 0)
    ports_->parking->wake(word_);
}

// ---- Called by the executing thread, for a shard that it holds.

void ParkWord::ask() {
  if ((word_.fetch_or(kAskedBit, std::memory_order_acq_rel) & kParkedBit) != 0)
    ports_->parking->wake(word_);
}

void ParkWord::await_answer() {
  for (;;) {
    const uint32_t now = word_.load(std::memory_order_acquire);
    if ((now & kAskedBit) == 0) return;
    ports_->parking->wait(word_, now);
  }
}

}  // namespace kvstash::engine
