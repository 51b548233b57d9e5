#include "bench/report.h"

#include <doctest/doctest.h>

namespace kvstash::bench {
namespace {

TEST_CASE("a report is one line of JSON with rates and percentiles") {
  LoadReport report{.ops = 2000, .seconds = 0.5, .batches = {}, .cpu_seconds = 0.001, .errors = 1};
  report.first_error = "ERR \"quoted\" back\\slash\x01";
  for (int i = 0; i < 100; ++i)
    report.batches.add(1'000'000);
  const std::string json = report_json(report);
  CHECK(json.find('\n') == json.npos);
  CHECK(json.starts_with("{\"ops\":2000,\"seconds\":0.500,\"ops_per_second\":4000.000,"));
  CHECK(json.find("\"generator_us_per_op\":0.500") != json.npos);
  CHECK(json.find("\"p50_us\":10") != json.npos);  // 1000 us, and at most a sixteenth more.
  CHECK(json.ends_with("\"errors\":1,\"first_error\":\"ERR \\\"quoted\\\" back\\\\slash\"}"));
}

TEST_CASE("a run without any command divides by nothing") {
  CHECK(report_json({}).find("nan") == std::string::npos);
  CHECK(report_json({}).find("inf") == std::string::npos);
}

}  // namespace
}  // namespace kvstash::bench
