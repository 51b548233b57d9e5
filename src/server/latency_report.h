// What LATENCY says about spikes: series of all shards as one, the graph, the advice. Pure.
#pragma once

#include "engine/telemetry/latency_monitor.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

using LatencyEvents = std::map<std::string, engine::LatencySeries, std::less<>>;

// One series for each event, of at most engine::LatencySeries::kSamplesMax samples: of each second
// the worst, the newest seconds of all.
LatencyEvents merge_latencies(std::span<const LatencyEvents> shards);

// A bar for each sample of the series (not empty), oldest first, 80 in a row, with their ages
// below.
std::string latency_graph_text(std::string_view event, const engine::LatencySeries& series,
                               int64_t now_s);

struct LatencyLimits {
  int64_t monitor_threshold_ms = 0;
  int64_t slowlog_threshold_us = 0;
};
std::string latency_advice(const LatencyEvents& events, const LatencyLimits& limits, int64_t now_s);

}  // namespace kvstash::server
