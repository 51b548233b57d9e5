// Eviction: chooses the key to remove when memory is short, and keeps the access clocks for that.
//
// Every entry carries 24 bits about its use (Entry::access). What they mean depends on the policy:
//
//          23            8 7        0
//   LRU   │   seconds since 1970    │   modulo 2^24: 194 days
//   LFU   │ minutes       │ counter │   minutes since 1970 modulo 2^16 (45 days), of the time when
//                                       the counter was last correct; the counter is logarithmic
//
// The LFU counter starts at 5. A use raises it with probability 1 / ((counter - 5) * factor + 1),
// and it sinks by one for every `decay_time_min` minutes without use. If the wall clock was set
// back by up to an hour, a key looks just used, not unused for months.
//
// A victim is found by sampling, never by a scan: it is the best of a few random keys and of the
// best candidates of earlier samples. Only the thread that holds the shard reads the bits; all
// functions here depend only on their arguments.
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

// ---- Access clocks. `now_ms` is the wall clock and not negative.

uint32_t lru_clock(int64_t now_ms);

// How long ago the LRU clock `access` was set, in milliseconds, at a resolution of one second.
int64_t idle_ms(uint32_t access, int64_t now_ms);

struct LfuTuning {
  int64_t log_factor = 10;
  int64_t decay_time_min = 1;  // 0: the counter never sinks.
};

uint32_t lfu_fresh(int64_t now_ms);  // The LFU clock of a new key.
uint32_t lfu_touch(uint32_t access, int64_t now_ms, const LfuTuning& tuning, Random& random);
// The counter of the LFU clock `access`, after decay until `now_ms`.
uint8_t lfu_counter(uint32_t access, int64_t now_ms, int64_t decay_time_min);

// ---- Victims.

enum class EvictionOrder : uint8_t {
  kLru,     // The key unused for longest.
  kLfu,     // The key used least often.
  kRandom,  // Any key.
  kTtl,     // The key to expire next. Only keys with a deadline.
};

struct EvictionRule {
  EvictionOrder order = EvictionOrder::kLru;
  bool volatile_only = false;  // Only keys with a deadline.
  size_t samples = 5;          // Keys looked at for one victim.
  int64_t lfu_decay_time_min = 1;
};

// The keyspaces of one shard, by database; null where a database has no keys.
using KeyspaceList = std::span<Keyspace* const>;

// EvictionPool: the best candidates so far. It holds copies of at most kCandidatesMax keys, and
// checks that a candidate is still valid before it chooses it. There is one for each shard.
class EvictionPool {
 public:
  static constexpr size_t kCandidatesMax = 16;

  struct Victim {
    size_t space;  // Index into the KeyspaceList.
    Entry* entry;  // Valid until its keyspace changes.
  };

  // Returns the key to evict next, or nothing when the rule allows no key. The caller erases it.
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
