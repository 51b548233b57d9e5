// Counters of one shard. Written by the thread that runs it (or holds it), read by messages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

// How long something took: powers of two of a microsecond, split in 16: an error of 6 % at most, up
// to 64 seconds. Adding is one increment.
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
  // The value below which `fraction` (0..1) of the samples lie, in nanoseconds; 0 if empty.
  uint64_t percentile_ns(double fraction) const;
  // Samples of at most `ns`.
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

struct CommandStats {
  uint64_t calls = 0;
  uint64_t cycles = 0;  // Of the cycle counter in base/clock.h.
  uint64_t rejected = 0;
  uint64_t failed = 0;
  std::unique_ptr<LatencyHistogram> latency;  // Made by the first call.
};

struct ShardStats {
  uint64_t commands = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_closed_by_limit = 0;
  uint64_t error_replies = 0;
  uint64_t dirty = 0;

  // Between shards.
  uint64_t hops_sent = 0;
  uint64_t batches_sent = 0;
  uint64_t holds = 0;         // Groups this shard took part in.
  uint64_t transactions = 0;  // Executed here over more than one shard.
  uint64_t park_ns = 0;
  uint64_t wakes = 0;  // Eventfd writes by this shard.

  uint64_t turns = 0;
  LatencyHistogram turn_time;
  LatencyHistogram expire_lag;  // Removal after the deadline, nanoseconds.

  std::unordered_map<std::string, uint64_t> errors;  // By the reply's code; bounded, see Executor.
};

}  // namespace kvstash::engine
