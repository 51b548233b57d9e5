#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using engine::EngineOptions;

constexpr Directive kRows[] = {
    {.name = "slowlog-log-slower-than",
     .kind = kInteger,
     .slot = field<&EngineOptions::slowlog_log_slower_than_us>,
     .about = "Remember commands that take longer than so many microseconds to run. 0: all of "
              "them; -1: none.",
     .min = -1,
     .max = kInt64Max},
    {.name = "slowlog-max-len",
     .kind = kInteger,
     .slot = field<&EngineOptions::slowlog_max_len>,
     .about = "How many of them. Old ones make room for new ones.",
     .max = kInt64Max},
    {.name = "latency-monitor-threshold",
     .kind = kInteger,
     .slot = field<&EngineOptions::latency_monitor_threshold_ms>,
     .about = "Record, for LATENCY HISTORY, whatever held the server up for so many milliseconds. "
              "0: off.",
     .max = kInt64Max},
    {.name = "latency-tracking",
     .kind = kBool,
     .slot = field<&EngineOptions::latency_tracking>,
     .about = "Keep a histogram of the run time of every command, for LATENCY HISTOGRAM and "
              "INFO latencystats."},
    {.name = "latency-tracking-info-percentiles",
     .kind = kSpecial,
     .slot = kPercentilesSlot,
     .about = "Percentiles of it that INFO shows.",
     .flags = kMultiArg},
    {.name = "notify-keyspace-events",
     .kind = kSpecial,
     .slot = kNotifySlot,
     .about = "Publish what happens to keys. K for channels by key, E for channels by event, and "
              "the classes: g general, $ strings, l lists, s sets, h hashes, z sorted sets, x "
              "expired, e evicted, t streams, d modules, m misses, n new keys, A for g$lshzxetd. "
              "Empty: nothing, which costs nothing."},
};

}  // namespace

DirectiveGroup introspection_directives() {
  return {"Introspection", "What the server notes about itself.", kRows};
}

}  // namespace kvstash::server
