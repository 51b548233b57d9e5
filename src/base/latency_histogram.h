// LatencyHistogram: counts and percentiles of durations.
//
// Buckets are powers of two of a nanosecond, each split in 16: the error is at most 6 % up to 64
// seconds. Longer durations count as the longest. Adding is one increment. It takes about 4 KiB and
// allocates nothing. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>

namespace kvstash {

class LatencyHistogram {
 public:
  static constexpr unsigned kSubBits = 4;
  static constexpr unsigned kBuckets = (36 - kSubBits + 1) << kSubBits;  // Up to 2^36 ns.

  void add(uint64_t ns) {
    ++counts_[bucket_of(ns)];
    ++total_;
    sum_ns_ += ns;
  }
  void merge(const LatencyHistogram& other);
  void clear() { *this = {}; }

  uint64_t total() const { return total_; }
  uint64_t sum_ns() const { return sum_ns_; }
  // Returns the value in nanoseconds below which `fraction` (0..1) of the samples lie; 0 if empty.
  uint64_t percentile_ns(double fraction) const;
  // Returns the number of samples of at most `ns`.
  uint64_t count_up_to(uint64_t ns) const;

 private:
  static unsigned bucket_of(uint64_t ns) {
    constexpr uint64_t kSub = uint64_t{1} << kSubBits;
    if (ns < kSub) return static_cast<unsigned>(ns);
    const auto log2 = 63u - static_cast<unsigned>(__builtin_clzll(ns));
    const unsigned bucket = ((log2 - kSubBits + 1) << kSubBits) +
                            static_cast<unsigned>((ns >> (log2 - kSubBits)) & (kSub - 1));
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static uint64_t upper_ns(unsigned bucket);

  std::array<uint64_t, kBuckets> counts_{};  // 32 bits would overflow within hours.
  uint64_t total_ = 0;
  uint64_t sum_ns_ = 0;
};

}  // namespace kvstash
