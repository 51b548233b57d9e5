#include "server/latency_report.h"

#include "base/numbers.h"
#include "server/info_text.h"

#include <algorithm>
#include <limits>

namespace kvstash::server {
namespace {

using engine::LatencySample;
using engine::LatencySeries;

constexpr size_t kGraphColumns = 80;
constexpr int64_t kGraphRows = 4;
constexpr std::string_view kGlyphs = "_o#";  // The levels within one row of the graph.

LatencySeries merge(std::span<const LatencySeries* const> parts) {
  LatencySeries merged;
  std::map<int64_t, int64_t> worst;  // The largest latency of each second.
  for (const LatencySeries* part : parts) {
    merged.max_ms = std::max(merged.max_ms, part->max_ms);
    for (const LatencySample& sample : part->samples) {
      int64_t& latency_ms = worst[sample.time_s];
      latency_ms = std::max(latency_ms, sample.latency_ms);
    }
  }
  while (worst.size() > LatencySeries::kSamplesMax)
    worst.erase(worst.begin());
  for (const auto& [time_s, latency_ms] : worst)
    merged.samples.push_back({time_s, latency_ms});
  return merged;
}

// Formats an age: "5s", "3m", "2h", "9d".
std::string age_text(int64_t age_s) {
  if (age_s < 60) return std::to_string(age_s) + "s";
  if (age_s < 3600) return std::to_string(age_s / 60) + "m";
  if (age_s < 86'400) return std::to_string(age_s / 3600) + "h";
  return std::to_string(age_s / 86'400) + "d";
}

struct Range {
  int64_t min_ms;
  int64_t max_ms;
};

Range range_of(const LatencySeries& series) {
  const auto [min, max] =
      std::ranges::minmax_element(series.samples, {}, &LatencySample::latency_ms);
  return {min->latency_ms, max->latency_ms};
}

// The height of a bar as a level of 0 to 11: each of the four rows has three levels.
int64_t level_of(const LatencySample& sample, const Range& range) {
  constexpr auto kLevels = static_cast<int64_t>(kGlyphs.size()) * kGraphRows;
  const int64_t height = std::max<int64_t>(range.max_ms - range.min_ms, 1);
  return std::min((sample.latency_ms - range.min_ms) * kLevels / height, kLevels - 1);
}

// The character that shows a bar's part in one row. Rows count from the bottom.
char bar_glyph(int64_t level, int64_t row) {
  const int64_t within = level - row * static_cast<int64_t>(kGlyphs.size());
  if (within < 0) return ' ';
  return within < static_cast<int64_t>(kGlyphs.size()) ? kGlyphs[static_cast<size_t>(within)] : '|';
}

std::string graph_rows(std::span<const LatencySample> samples, const Range& range, int64_t now_s) {
  std::string text;
  for (int64_t row = kGraphRows; row-- > 0;) {
    for (const LatencySample& sample : samples)
      text += bar_glyph(level_of(sample, range), row);
    text += '\n';
  }
  text.append(samples.size(), ' ').append("\n");
  // The ages are written downwards, one beneath each bar.
  std::vector<std::string> ages;
  size_t longest = 0;
  for (const LatencySample& sample : samples) {
    ages.push_back(age_text(std::max<int64_t>(now_s - sample.time_s, 0)));
    longest = std::max(longest, ages.back().size());
  }
  for (size_t at = 0; at < longest; ++at) {
    for (const std::string& age : ages)
      text += at < age.size() ? age[at] : ' ';
    text += '\n';
  }
  return text;
}

struct Spikes {
  int64_t average_ms = 0;
  int64_t deviation_ms = 0;
  double period_s = 0;
};

Spikes measure(const LatencySeries& series, int64_t now_s) {
  const auto count = static_cast<int64_t>(series.samples.size());
  Spikes spikes;
  for (const LatencySample& sample : series.samples)
    spikes.average_ms += sample.latency_ms;
  spikes.average_ms /= count;
  for (const LatencySample& sample : series.samples)
    spikes.deviation_ms += std::abs(sample.latency_ms - spikes.average_ms);
  spikes.deviation_ms /= count;
  const int64_t since_s = std::max<int64_t>(now_s - series.samples.front().time_s, 1);
  spikes.period_s = static_cast<double>(since_s) / static_cast<double>(count);
  return spikes;
}

std::string spike_line(size_t number, std::string_view event, const LatencySeries& series,
                       int64_t now_s) {
  const Spikes spikes = measure(series, now_s);
  return std::to_string(number) + ". " + std::string(event) + ": " +
         std::to_string(series.samples.size()) + " latency spikes (average " +
         std::to_string(spikes.average_ms) + "ms, mean deviation " +
         std::to_string(spikes.deviation_ms) + "ms, period " + fixed_text(spikes.period_s, 2) +
         " sec). Worst all time event " + std::to_string(series.max_ms) + "ms.\n";
}

}  // namespace

LatencyEvents merge_latencies(std::span<const LatencyEvents> shards) {
  std::map<std::string_view, std::vector<const LatencySeries*>> by_event;
  for (const LatencyEvents& shard : shards) {
    for (const auto& [event, series] : shard)
      by_event[event].push_back(&series);
  }
  LatencyEvents merged;
  for (const auto& [event, parts] : by_event)
    merged.emplace(event, merge(parts));
  return merged;
}

std::string latency_graph_text(std::string_view event, const LatencySeries& series, int64_t now_s) {
  const Range range = range_of(series);
  std::string text = std::string(event) + " - high " + std::to_string(range.max_ms) + " ms, low " +
                     std::to_string(range.min_ms) + " ms (all time high " +
                     std::to_string(series.max_ms) + " ms)\n";
  text.append(kGraphColumns, '-').append("\n");
  const std::span samples(series.samples);
  for (size_t from = 0; from < samples.size(); from += kGraphColumns) {
    if (from != 0) text += '\n';
    text += graph_rows(samples.subspan(from, std::min(kGraphColumns, samples.size() - from)), range,
                       now_s);
  }
  return text;
}

std::string latency_advice(const LatencyEvents& events, const LatencyLimits& limits,
                           int64_t now_s) {
  if (limits.monitor_threshold_ms == 0)
    return "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this instance. "
           "Enable it with \"CONFIG SET latency-monitor-threshold <milliseconds>\".\n";
  std::string spikes;
  size_t number = 0;
  for (const auto& [event, series] : events) {
    if (!series.samples.empty()) spikes += spike_line(++number, event, series, now_s);
  }
  if (number == 0)
    return "Dave, no latency spike was observed during the lifetime of this instance, not in the "
           "slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and "
           "think things over.\n";
  std::string text =
      "Dave, I have observed latency spikes in this instance. You don't mind talking about it, do "
      "you Dave?\n\n" +
      spikes + "\nWhat you can do about them:\n\n";
  const int64_t threshold_us =
      checked_mul(limits.monitor_threshold_ms, 1000).value_or(std::numeric_limits<int64_t>::max());
  if (limits.slowlog_threshold_us < 0 || limits.slowlog_threshold_us > threshold_us)
    text +=
        "- The slow log misses commands that are spikes here: \"CONFIG SET "
        "slowlog-log-slower-than " +
        std::to_string(threshold_us) + "\" makes it show them.\n";
  text +=
      "- SLOWLOG GET tells which commands took long, and with which arguments.\n"
      "- Commands over many keys, such as KEYS, FLUSHALL SYNC or a long MSET, hold their shards "
      "until they end: use SCAN, ASYNC, and smaller batches.\n"
      "- LATENCY HISTOGRAM tells whether a command is slow always or only sometimes.\n";
  return text;
}

}  // namespace kvstash::server
