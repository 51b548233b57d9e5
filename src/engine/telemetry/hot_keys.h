// HotKeys: which keys of one shard are used most, now.
//
// A Space-Saving sketch of a sample: one access in about 64, chosen by chance, goes into a table of
// 64 counters. A key that is not in the table takes the place of the one with the smallest count,
// and inherits that count as its error. Counts fade (to a third in ten seconds), and so does the
// time they were gathered in, so that their ratio is the rate of late. What it costs: a decrement
// for each access, two walks over the table for each that is sampled, and a bounded memory.
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

// A key, and its accesses a second: between `per_second` less and plus `error`, but for the chance
// of the sample.
struct HotKey {
  std::string name;
  uint32_t db = 0;
  uint64_t per_second = 0;
  uint64_t error = 0;
};

// Sorts the hottest first, those alike by name, and leaves `count` of them.
void keep_hottest(std::vector<HotKey>& keys, size_t count);

class HotKeys {
 public:
  static constexpr uint64_t kSampleEvery = 64;
  static constexpr size_t kTracked = 64;
  static constexpr size_t kNameBytesMax = 1024;  // Longer names are cut.

  HotKeys(uint64_t seed, int64_t now_ms);

  // `hash` is the key's, and stands for it.
  void note(uint32_t db, std::string_view name, uint64_t hash) {
    if (--until_sample_ == 0) [[unlikely]]
      sample(db, name, hash);
  }

  // Lets the counts fade; every second or so.
  void fade(int64_t now_ms);
  // The keys that were certainly sampled a few times, hottest first; kTracked at most.
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
  size_t find(uint32_t db, uint64_t hash) const;  // counters_.size(): not there.

  Random random_;
  uint64_t until_sample_;
  std::vector<uint64_t> hashes_;  // Beside the counters, to be walked over quickly.
  std::vector<Counter> counters_;
  double seconds_ = 0;  // That the counts were gathered in, faded as they are.
  int64_t faded_at_ms_;
};

}  // namespace kvstash::engine
