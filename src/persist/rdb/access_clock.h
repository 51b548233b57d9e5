// The access clocks of entries that come from elsewhere, with how long they were idle or how often
// they were used.
//
// Pure; any thread.
#pragma once

#include "store/eviction.h"

#include <cstdint>

namespace kvstash::persist::rdb {

// The LRU clock of an entry that has been idle for so long. As in Redis, the clock wraps after 194
// days.
inline uint32_t lru_clock_of_idle(uint64_t idle_s, int64_t now_ms) {
  constexpr uint64_t kClockMask = (1u << 24) - 1;
  return static_cast<uint32_t>((store::lru_clock(now_ms) - idle_s) & kClockMask);
}

// The LFU clock of an entry with this counter.
inline uint32_t lfu_clock_of_frequency(uint8_t frequency, int64_t now_ms) {
  constexpr uint32_t kCounterMask = 0xff;
  return (store::lfu_fresh(now_ms) & ~kCounterMask) | frequency;
}

}  // namespace kvstash::persist::rdb
