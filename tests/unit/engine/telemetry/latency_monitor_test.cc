#include "engine/telemetry/latency_monitor.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::engine {
namespace {

TEST_CASE("nothing is kept below the threshold, nor without one") {
  LatencyMonitor monitor;
  monitor.add("command", 1, 99, 100);
  monitor.add("command", 1, 5000, 0);
  CHECK(monitor.series().empty());
  monitor.add("command", 1, 100, 100);
  CHECK(monitor.series().size() == 1);
}

TEST_CASE("a second has one sample, its worst") {
  LatencyMonitor monitor;
  monitor.add("fork", 10, 5, 1);
  monitor.add("fork", 10, 9, 1);
  monitor.add("fork", 10, 7, 1);
  monitor.add("fork", 11, 3, 1);
  const LatencySeries& series = monitor.series().find("fork")->second;
  REQUIRE(series.samples.size() == 2);
  CHECK(series.samples[0].time_s == 10);
  CHECK(series.samples[0].latency_ms == 9);
  CHECK(series.samples[1].latency_ms == 3);
  CHECK(series.max_ms == 9);
}

TEST_CASE("the last 160 samples stay, and the worst of all time") {
  LatencyMonitor monitor;
  for (int64_t second = 0; second < 200; ++second)
    monitor.add("command", second, 1000 - second, 1);
  const LatencySeries& series = monitor.series().find("command")->second;
  REQUIRE(series.samples.size() == LatencySeries::kSamplesMax);
  CHECK(series.samples.front().time_s == 40);
  CHECK(series.samples.back().time_s == 199);
  CHECK(series.max_ms == 1000);
}

TEST_CASE("reset forgets one event, or all, and tells how many") {
  LatencyMonitor monitor;
  monitor.add("a", 1, 5, 1);
  monitor.add("b", 1, 5, 1);
  monitor.add("c", 1, 5, 1);
  CHECK(monitor.reset("none") == 0);
  CHECK(monitor.reset("a") == 1);
  CHECK(monitor.series().size() == 2);
  CHECK(monitor.reset("") == 2);
  CHECK(monitor.series().empty());
}

TEST_CASE("the number of events is bounded") {
  LatencyMonitor monitor;
  for (size_t i = 0; i < LatencyMonitor::kEventsMax + 10; ++i)
    monitor.add("event" + std::to_string(i), 1, 5, 1);
  CHECK(monitor.series().size() == LatencyMonitor::kEventsMax);
  monitor.add("event0", 2, 6, 1);
  CHECK(monitor.series().find("event0")->second.samples.size() == 2);
}

}  // namespace
}  // namespace kvstash::engine
