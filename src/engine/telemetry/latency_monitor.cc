#include "engine/telemetry/latency_monitor.h"

#include <algorithm>

namespace kvstash::engine {

void LatencyMonitor::add(std::string_view event, int64_t now_s, int64_t latency_ms,
                         int64_t threshold_ms) {
  if (threshold_ms == 0 || latency_ms < threshold_ms) return;
  auto at = series_.find(event);
  if (at == series_.end()) {
    if (series_.size() == kEventsMax) return;
    at = series_.emplace(std::string(event), LatencySeries{}).first;
  }
  LatencySeries& series = at->second;
  series.max_ms = std::max(series.max_ms, latency_ms);
  if (!series.samples.empty() && series.samples.back().time_s == now_s) {
    series.samples.back().latency_ms = std::max(series.samples.back().latency_ms, latency_ms);
    return;
  }
  if (series.samples.size() == LatencySeries::kSamplesMax)
    series.samples.erase(series.samples.begin());
  series.samples.push_back({now_s, latency_ms});
}

size_t LatencyMonitor::reset(std::string_view event) {
  if (event.empty()) {
    const size_t count = series_.size();
    series_.clear();
    return count;
  }
  const auto at = series_.find(event);
  if (at == series_.end()) return 0;
  series_.erase(at);
  return 1;
}

}  // namespace kvstash::engine
