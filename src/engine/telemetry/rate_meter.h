// RateMeter: how fast a counter grows, as an average over the last samples; for INFO's
// instantaneous_* fields.
//
// The shard's cron takes a sample about ten times a second, so the average covers about 1.6
// seconds. Lives with its shard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kvstash::engine {

class RateMeter {
 public:
  static constexpr size_t kSamples = 16;

  // Takes a sample of a counter that only grows. An interval in which it fell (statistics were
  // reset), or the clock stood still or went back, does not count.
  void sample(int64_t now_ms, uint64_t counter) {
    if (last_ms_ != 0 && now_ms > last_ms_ && counter >= last_counter_) {
      const auto grown = static_cast<double>(counter - last_counter_);
      per_second_[next_] = grown * 1000.0 / static_cast<double>(now_ms - last_ms_);
      next_ = (next_ + 1) % kSamples;
    }
    last_ms_ = now_ms;
    last_counter_ = counter;
  }

  double per_second() const {
    double sum = 0;
    for (const double rate : per_second_)
      sum += rate;
    return sum / static_cast<double>(kSamples);
  }

  void clear() { *this = {}; }

 private:
  std::array<double, kSamples> per_second_{};
  size_t next_ = 0;
  int64_t last_ms_ = 0;
  uint64_t last_counter_ = 0;
};

// The counters that INFO shows as rates.
struct ShardRates {
  RateMeter commands;
  RateMeter input_bytes;
  RateMeter output_bytes;
  RateMeter turns;
  RateMeter turn_ns;
};

}  // namespace kvstash::engine
