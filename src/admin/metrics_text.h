// The text of /metrics: a snapshot in Prometheus's exposition format 0.0.4.
//
// The names are those of redis_exporter where it has the metric, so that dashboards and alerts made
// for it work unchanged; metrics that only kvstash has are called kvstash_*. docs/METRICS.md lists
// all. Pure.
#pragma once

#include "admin/snapshot.h"

#include <string>
#include <string_view>

namespace kvstash::admin {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const Snapshot& snapshot);

}  // namespace kvstash::admin
