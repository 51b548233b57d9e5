#include "bench/report.h"

#include <algorithm>
#include <cstdio>

namespace kvstash::bench {
namespace {

// Returns a JSON string for a person to read, so bytes that do not print are left out.
std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c >= ' ' && c <= '~') quoted += c;
  }
  return quoted + '"';
}

std::string field(const char* name, double value) {
  char text[400];
  std::snprintf(text, sizeof(text), ",\"%s\":%.3f", name, value);
  return text;
}

}  // namespace

std::string report_json(const LoadReport& report) {
  const double ops = std::max(1.0, static_cast<double>(report.ops));
  const auto us = [&](double fraction) {
    return static_cast<double>(report.batches.percentile_ns(fraction)) / 1e3;
  };
  std::string json = "{\"ops\":" + std::to_string(report.ops);
  json += field("seconds", report.seconds);
  json += field("ops_per_second", ops / std::max(report.seconds, 1e-9));
  json += field("p50_us", us(0.5)) + field("p99_us", us(0.99)) + field("p999_us", us(0.999));
  json += field("generator_us_per_op", report.cpu_seconds * 1e6 / ops);
  json += ",\"errors\":" + std::to_string(report.errors);
  json += ",\"first_error\":" + json_string(report.first_error);
  return json + "}";
}

}  // namespace kvstash::bench
