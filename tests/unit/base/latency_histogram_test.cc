#include "base/latency_histogram.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace kvstash {
namespace {

TEST_CASE("an empty histogram has no percentiles") {
  const LatencyHistogram histogram;
  CHECK(histogram.total() == 0);
  CHECK(histogram.percentile_ns(0.5) == 0);
  CHECK(histogram.count_up_to(1'000'000) == 0);
}

TEST_CASE("one sample is told with an error of at most a sixteenth") {
  for (const uint64_t ns : {uint64_t{0}, uint64_t{1}, uint64_t{15}, uint64_t{16}, uint64_t{17},
                            uint64_t{1000}, uint64_t{123'456}, uint64_t{5'000'000'000}}) {
    LatencyHistogram histogram;
    histogram.add(ns);
    for (const double fraction : {0.0, 0.5, 1.0}) {
      CHECK(histogram.percentile_ns(fraction) >= ns);
      CHECK(histogram.percentile_ns(fraction) <= ns + ns / 16);
    }
  }
}

TEST_CASE("percentiles agree with a sorted list") {
  Random random(7);
  LatencyHistogram histogram;
  std::vector<uint64_t> samples;
  for (int i = 0; i < 10'000; ++i) {
    samples.push_back(random.below(uint64_t{1} << (10 + random.below(20))));
    histogram.add(samples.back());
  }
  std::ranges::sort(samples);
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const uint64_t exact = samples[static_cast<size_t>(fraction * 10'000) - 1];
    CHECK(histogram.percentile_ns(fraction) >= exact);
    CHECK(histogram.percentile_ns(fraction) <= exact + exact / 16 + 1);
  }
}

TEST_CASE("what is too long counts as the longest") {
  LatencyHistogram histogram;
  histogram.add(~uint64_t{0});
  CHECK(histogram.total() == 1);
  CHECK(histogram.percentile_ns(1) >= uint64_t{60'000'000'000});
}

TEST_CASE("merging adds, clearing forgets") {
  LatencyHistogram a;
  LatencyHistogram b;
  a.add(100);
  b.add(1'000'000);
  b.add(1'000'000);
  a.merge(b);
  CHECK(a.total() == 3);
  CHECK(a.count_up_to(1000) == 1);
  CHECK(a.count_up_to(2'000'000) == 3);
  a.clear();
  CHECK(a.total() == 0);
  CHECK(a.count_up_to(2'000'000) == 0);
}

}  // namespace
}  // namespace kvstash
