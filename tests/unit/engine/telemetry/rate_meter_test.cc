#include "engine/telemetry/rate_meter.h"

#include <doctest/doctest.h>

namespace kvstash::engine {

TEST_CASE("a rate is the mean of the last sixteen intervals") {
  RateMeter meter;
  meter.sample(1000, 500);
  CHECK(meter.per_second() == 0);
  meter.sample(1100, 516);  // 160 a second, and fifteen intervals of nothing.
  CHECK(meter.per_second() == 10);
  for (int64_t i = 2; i <= 20; ++i)
    meter.sample(1000 + 100 * i, 500 + 16 * static_cast<uint64_t>(i));
  CHECK(meter.per_second() == doctest::Approx(160));
}

TEST_CASE("an interval without length, or over which the counter fell, does not count") {
  RateMeter meter;
  meter.sample(1000, 0);
  meter.sample(1000, 50);
  meter.sample(900, 60);
  CHECK(meter.per_second() == 0);
  meter.sample(1000, 10);
  CHECK(meter.per_second() == 0);
  meter.sample(1100, 26);
  CHECK(meter.per_second() == 10);
  meter.clear();
  CHECK(meter.per_second() == 0);
}

}  // namespace kvstash::engine
