// The texts of LATENCY about spikes: the merged series of all shards, the graph, the advice. Pure.
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

// Merges the series of all shards into one for each event. It keeps the largest latency of each
// second, and of those the newest engine::LatencySeries::kSamplesMax.
LatencyEvents merge_latencies(std::span<const LatencyEvents> shards);

// Draws a bar for each sample of the series, which is not empty: oldest first, 80 in a row, with
// the age of each sample below its bar.
std::string latency_graph_text(std::string_view event, const engine::LatencySeries& series,
                               int64_t now_s);

struct LatencyLimits {
  int64_t monitor_threshold_ms = 0;
  int64_t slowlog_threshold_us = 0;
};
std::string latency_advice(const LatencyEvents& events, const LatencyLimits& limits, int64_t now_s);

}  // namespace kvstash::server
