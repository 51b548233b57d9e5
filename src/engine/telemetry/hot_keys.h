// HotKeys: which keys of one shard are used most at present.
//
// A Space-Saving sketch of a sample: one access in about 64, chosen at random, goes into a table of
// 64 counters. A key that is not in the table replaces the one with the smallest count, and takes
// over that count as its error. Counts decay (to about a third in ten seconds), and so does the
// time in which they were collected, so that their ratio is the recent rate. The cost: a decrement
// for each access, two walks over the table for each sampled access, and bounded memory.
//
// Belongs to a shard: not thread-safe.
#pragma once

#include "base/random.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

// A key with its accesses per second. The true rate is between `per_second - error` and
// `per_second`, apart from the randomness of the sample.
struct HotKey {
  std::string name;
  uint32_t db = 0;
  uint64_t per_second = 0;
  uint64_t error = 0;
};

// Sorts the keys, the hottest first and equal ones by database and name, and keeps the first
// `count`.
void keep_hottest(std::vector<HotKey>& keys, size_t count);

class HotKeys {
 public:
  static constexpr uint64_t kSampleEvery = 64;
  static constexpr size_t kTracked = 64;
  static constexpr size_t kNameBytesMax = 1024;  // Longer names are cut.

  HotKeys(uint64_t seed, int64_t now_ms);

  // Notes an access. `hash` is the key's hash, by which the key is found.
  void note(uint32_t db, std::string_view name, uint64_t hash) {
    if (--until_sample_ == 0) [[unlikely]]
      sample(db, name, hash);
  }

  // Lets the counts decay; called about every second.
  void fade(int64_t now_ms);
  // The keys that were certainly sampled a few times, hottest first; at most kTracked.
  std::vector<HotKey> hottest(int64_t now_ms) const;
  void reset(int64_t now_ms);

 private:
  struct Counter {
    std::string name;
    uint32_t db = 0;
    double count = 0;
    double error = 0;
  };

  void sample(uint32_t db, std::string_view name, uint64_t hash);
  size_t find(uint32_t db, uint64_t hash) const;  // counters_.size(): the key is not there.

  Random random_;
  uint64_t until_sample_;
  // Hashes of the counters' keys, by which the table is searched quickly.
  std::vector<uint64_t> hashes_;
  std::vector<Counter> counters_;
  double seconds_ = 0;  // The time in which the counts were collected, decayed like them.
  int64_t faded_at_ms_;
};

}  // namespace kvstash::engine
