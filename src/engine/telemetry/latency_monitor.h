// LatencyMonitor: spikes of latency by event, for LATENCY LATEST, HISTORY, GRAPH and DOCTOR. One
// per shard; the commands merge them. Bounded: 160 samples per event, as in Redis, and a fixed set
// of events.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct LatencySample {
  int64_t time_s;
  int64_t latency_ms;
};

struct LatencySeries {
  static constexpr size_t kSamplesMax = 160;

  std::vector<LatencySample> samples;  // Oldest first; at most one per second.
  int64_t max_ms = 0;                  // The maximum since the last reset.
};

class LatencyMonitor {
 public:
  static constexpr size_t kEventsMax = 32;

  // Adds a sample unless it is below the threshold. `threshold_ms` 0: nothing is recorded.
  void add(std::string_view event, int64_t now_s, int64_t latency_ms, int64_t threshold_ms);
  // Removes the series of an event; empty: all series. Returns how many were removed.
  size_t reset(std::string_view event);
  const std::map<std::string, LatencySeries, std::less<>>& series() const { return series_; }

 private:
  std::map<std::string, LatencySeries, std::less<>> series_;
};

}  // namespace kvstash::engine
