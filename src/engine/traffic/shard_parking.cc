// How the thread of a shard stands still while others work on it, and is let go.
#include "base/clock.h"
#include "engine/shard.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace kvstash::engine {
namespace {

constexpr int64_t kSpinNs = 2000;

// Of the park word; the rest counts holds.
constexpr uint32_t kParkedBit = 1;  // The shard waits in futex.
constexpr uint32_t kAskedBit = 2;   // It is to do a busy turn, and to take the bit away then.
constexpr uint32_t kHoldUnit = 4;
constexpr uint32_t kHoldMask = ~(kHoldUnit - 1);

void futex_wait(std::atomic<uint32_t>& word, uint32_t while_it_is) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, while_it_is, nullptr,
          nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

}  // namespace

// Read before the shard counts itself in; it waits until it is another.
uint32_t Shard::park_word() const {
  return park_word_.load(std::memory_order_relaxed) & kHoldMask;
}

void Shard::park(uint32_t word) {
  const int64_t began_ns = monotonic_ns();
  const auto is_held = [&] {
    return (park_word_.load(std::memory_order_acquire) & kHoldMask) == word;
  };
  if (set_->size() < set_->core_count()) {
    while (is_held() && monotonic_ns() - began_ns < kSpinNs) {
    }
  }
  while (is_held()) {
    uint32_t now = park_word_.load(std::memory_order_acquire);
    if ((now & kHoldMask) != word) break;
    if ((now & kAskedBit) != 0) {
      busy_turn();
      park_word_.fetch_and(~kAskedBit, std::memory_order_acq_rel);
      futex_wake(park_word_);
      continue;
    }
    if ((now & kParkedBit) == 0 &&
        !park_word_.compare_exchange_strong(now, now | kParkedBit, std::memory_order_acq_rel))
      continue;
    futex_wait(park_word_, now | kParkedBit);
  }
  stats_.park_ns += static_cast<uint64_t>(monotonic_ns() - began_ns);
}

void Shard::unpark() {
  const uint32_t next = park_word() + kHoldUnit;
  if ((park_word_.exchange(next, std::memory_order_acq_rel) & kParkedBit) != 0)
    futex_wake(park_word_);
}

// ---- By the thread that executes, of a shard it holds.

void Shard::ask_for_busy_turn() {
  if ((park_word_.fetch_or(kAskedBit, std::memory_order_acq_rel) & kParkedBit) != 0)
    futex_wake(park_word_);
}

void Shard::await_busy_turn() {
  for (;;) {
    const uint32_t now = park_word_.load(std::memory_order_acquire);
    if ((now & kAskedBit) == 0) return;
    futex_wait(park_word_, now);
  }
}

}  // namespace kvstash::engine
