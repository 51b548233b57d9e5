// LoadReport: what a run of the load generator has measured. A plain value.
#pragma once

#include "base/latency_histogram.h"

#include <cstdint>
#include <string>

namespace kvstash::bench {

struct LoadReport {
  uint64_t ops = 0;           // Commands that were answered.
  double seconds = 0;         // From the first request to the last reply.
  LatencyHistogram batches;   // From sending a batch to its last reply.
  double cpu_seconds = 0;     // Processor time of the generator itself.
  uint64_t errors = 0;        // Error replies.
  std::string first_error{};  // The first error reply, if of the simple form; else empty.
};

// One line of JSON, without the line end.
std::string report_json(const LoadReport& report);

}  // namespace kvstash::bench
