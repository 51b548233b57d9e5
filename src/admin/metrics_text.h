// The text of /metrics: a snapshot in Prometheus's exposition format 0.0.4.
//
// The names are redis_exporter's where it has one, so that dashboards and alerts made for it work
// unchanged; what only kvstash has is called kvstash_*. docs/METRICS.md lists them. Pure.
#pragma once

#include "admin/snapshot.h"

#include <string>
#include <string_view>

namespace kvstash::admin {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const Snapshot& snapshot);

}  // namespace kvstash::admin
