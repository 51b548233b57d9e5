// Eviction: which key to give up when memory is short, and the access clocks that tell.
//
// Every entry carries 24 bits about its use (Entry::access). What they mean depends on the policy:
//
//          23            8 7        0
//   LRU   │   seconds since 1970    │   modulo 2^24: 194 days
//   LFU   │ minutes       │ counter │   minutes since 1970 modulo 2^16 (45 days) when the counter
//                                       was last right; the counter is logarithmic
//
// The LFU counter starts at 5. A use raises it with probability 1 / ((counter - 5) * factor + 1),
// and it sinks by one for every `decay_time_min` minutes without use. A clock that was set back by
// up to an hour makes a key look just used, not unused for months.
//
// A victim is found by sampling, never by a scan: the best of a few random keys and of the best
// that earlier samples left behind. The bits are read by whoever holds the shard; everything here
// is deterministic from its arguments.
#pragma once

#include "base/random.h"
#include "store/keyspace.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kvstash::store {

// ---- Access clocks. `now_ms` is wall clock, not negative.

uint32_t lru_clock(int64_t now_ms);

// How long ago, in milliseconds and by whole seconds, the LRU clock `access` was set.
int64_t idle_ms(uint32_t access, int64_t now_ms);

struct LfuTuning {
  int64_t log_factor = 10;
  int64_t decay_time_min = 1;  // 0: the counter never sinks.
};

uint32_t lfu_fresh(int64_t now_ms);  // Of a new key.
uint32_t lfu_touch(uint32_t access, int64_t now_ms, const LfuTuning& tuning, Random& random);
uint8_t lfu_counter(uint32_t access, int64_t now_ms, int64_t decay_time_min);  // Decay included.

// ---- Victims.

enum class EvictionOrder : uint8_t {
  kLru,     // The longest unused.
  kLfu,     // The least often used.
  kRandom,  // Any.
  kTtl,     // The next to expire. Only keys with a deadline.
};

struct EvictionRule {
  EvictionOrder order = EvictionOrder::kLru;
  bool volatile_only = false;  // Only keys with a deadline.
  size_t samples = 5;          // Keys looked at for one victim.
  int64_t lfu_decay_time_min = 1;
};

// The keyspaces of one shard, by database; null where a database has no keys.
using KeyspaceList = std::span<Keyspace* const>;

// EvictionPool: the best candidates so far. Holds copies of at most kCandidatesMax keys; what
// became of them meanwhile is checked before one is chosen. One per shard.
class EvictionPool {
 public:
  static constexpr size_t kCandidatesMax = 16;

  struct Victim {
    size_t space;  // Index into the list.
    Entry* entry;  // Valid until its keyspace changes.
  };

  // The key to evict next, or nothing when no key falls under the rule. The caller erases it.
  std::optional<Victim> choose(KeyspaceList spaces, const EvictionRule& rule, int64_t now_ms,
                               Random& random);

  size_t size() const { return candidates_.size(); }
  void clear() { candidates_.clear(); }

 private:
  struct Candidate {
    uint64_t score;
    size_t space;
    std::string key;
  };

  void populate(KeyspaceList spaces, const EvictionRule& rule, int64_t now_ms, Random& random);
  void offer(uint64_t score, size_t space, std::string_view key);
  std::optional<Victim> take_best(KeyspaceList spaces, const EvictionRule& rule, int64_t now_ms);

  std::vector<Candidate> candidates_;                 // The best is the last.
  EvictionOrder scored_by_ = EvictionOrder::kRandom;  // Scores of two orders cannot be compared.
};

}  // namespace kvstash::store
