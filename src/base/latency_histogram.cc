#include "base/latency_histogram.h"

#include <cmath>

namespace kvstash {

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i)
    counts_[i] += other.counts_[i];
  total_ += other.total_;
  sum_ns_ += other.sum_ns_;
}

uint64_t LatencyHistogram::upper_ns(unsigned bucket) {
  constexpr unsigned kSub = 1u << kSubBits;
  if (bucket < kSub) return bucket;
  const unsigned log2 = (bucket >> kSubBits) + kSubBits - 1;
  const uint64_t width = uint64_t{1} << (log2 - kSubBits);
  return (uint64_t{1} << log2) + (uint64_t{bucket & (kSub - 1)} + 1) * width - 1;
}

uint64_t LatencyHistogram::percentile_ns(double fraction) const {
  if (total_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen != 0 && seen >= wanted) return upper_ns(bucket);
  }
  return upper_ns(kBuckets - 1);
}

uint64_t LatencyHistogram::count_up_to(uint64_t ns) const {
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < kBuckets && upper_ns(bucket) <= ns; ++bucket)
    seen += counts_[bucket];
  return seen;
}

}  // namespace kvstash
