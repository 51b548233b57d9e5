#include "server/latency_report.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace kvstash::server {
namespace {

using engine::LatencySample;
using engine::LatencySeries;

LatencySeries series_of(std::vector<LatencySample> samples) {
  LatencySeries series{.samples = std::move(samples)};
  for (const LatencySample& sample : series.samples)
    series.max_ms = std::max(series.max_ms, sample.latency_ms);
  return series;
}

const std::string kRule = std::string(80, '-') + "\n";

}  // namespace

TEST_CASE("the shards' series become one: of each second the worst") {
  const LatencyEvents a = {{"command", series_of({{1, 10}, {2, 5}})}};
  const LatencyEvents b = {{"command", series_of({{2, 9}, {3, 1}})}, {"fork", series_of({{7, 7}})}};
  const LatencyEvents shards[] = {a, b};
  const LatencyEvents merged = merge_latencies(shards);
  REQUIRE(merged.size() == 2);
  const LatencySeries& command = merged.at("command");
  REQUIRE(command.samples.size() == 3);
  CHECK(command.samples[0].latency_ms == 10);
  CHECK(command.samples[1].time_s == 2);
  CHECK(command.samples[1].latency_ms == 9);
  CHECK(command.samples[2].latency_ms == 1);
  CHECK(command.max_ms == 10);
}

TEST_CASE("a merged series keeps the newest seconds, and the worst of all time") {
  LatencySeries old;
  LatencySeries fresh;
  for (int64_t i = 0; i < 160; ++i) {
    old.samples.push_back({i, 2});
    fresh.samples.push_back({100 + i, 1});
  }
  old.max_ms = 99;
  const LatencyEvents shards[] = {{{"command", old}}, {{"command", fresh}}};
  const LatencySeries merged = merge_latencies(shards).at("command");
  CHECK(merged.samples.size() == LatencySeries::kSamplesMax);
  CHECK(merged.samples.front().time_s == 100);
  CHECK(merged.samples.back().time_s == 259);
  CHECK(merged.max_ms == 99);
}

// As redis-server 7.0.15 drew it.
TEST_CASE("the graph is drawn as Redis draws it") {
  const LatencySeries series = series_of({{94, 10}, {96, 2052}, {97, 20}, {98, 30}, {99, 40}});
  CHECK(latency_graph_text("command", series, 100) ==
        "command - high 2052 ms, low 10 ms (all time high 2052 ms)\n" + kRule +
            " #   \n |   \n |   \n_|___\n     \n64321\nsssss\n");
  CHECK(latency_graph_text("command", series_of({{100, 10}}), 100) ==
        "command - high 10 ms, low 10 ms (all time high 10 ms)\n" + kRule +
            " \n \n \n_\n \n0\ns\n");
}

TEST_CASE("levels within a row have glyphs of their own, and ages units") {
  const LatencySeries series =
      series_of({{0, 0}, {90'000, 1}, {90'000 + 3600, 2}, {100'000, 3}, {100'100, 12}});
  CHECK(latency_graph_text("x", series, 100'159) ==
        "x - high 12 ms, low 0 ms (all time high 12 ms)\n" + kRule +
            "    #\n    |\n   _|\n_o#||\n     \n12125\ndhhm9\n    s\n");
}

TEST_CASE("more than eighty samples take a second graph") {
  LatencySeries series;
  for (int64_t i = 0; i < 81; ++i)
    series.samples.push_back({i, 1});
  const std::string text = latency_graph_text("x", series, 81);
  CHECK(text.find("\n\n \n \n \n_\n \n1\ns\n") != std::string::npos);
}

TEST_CASE("the doctor measures spikes as Redis does") {
  const LatencyEvents events = {
      {"command", series_of({{94, 10}, {96, 2052}, {97, 20}, {98, 30}, {99, 40}})}};
  const std::string text =
      latency_advice(events, {.monitor_threshold_ms = 1, .slowlog_threshold_us = 10'000}, 100);
  CHECK(text.find("1. command: 5 latency spikes (average 430ms, mean deviation 648ms, period 1.20 "
                  "sec). Worst all time event 2052ms.\n") != std::string::npos);
  CHECK(text.find("slowlog-log-slower-than 1000") != std::string::npos);
  CHECK(latency_advice(events, {.monitor_threshold_ms = 1, .slowlog_threshold_us = 500}, 100)
            .find("slowlog-log-slower-than") == std::string::npos);
}

TEST_CASE("the doctor says when it cannot know, and when all is well") {
  CHECK(latency_advice({}, {.monitor_threshold_ms = 0}, 0).find("disabled") != std::string::npos);
  CHECK(latency_advice({}, {.monitor_threshold_ms = 5}, 0).find("no latency spike") !=
        std::string::npos);
}

}  // namespace kvstash::server
