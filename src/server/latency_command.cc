#include "base/latency_histogram.h"
#include "commands/shared/help.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "server/latency_report.h"
#include "server/server_commands.h"

#include <algorithm>
#include <set>

namespace kvstash::server {
namespace {

// Asks every shard for its series of latency spikes, and calls `write` with the merged series.
void gather_events(Call& call,
                   std::function<void(const LatencyEvents&, resp::ReplyWriter&)> write) {
  call.gather<LatencyEvents>(
      [](engine::Shard& shard) { return shard.telemetry().latency().series(); },
      [write = std::move(write)](std::vector<LatencyEvents>& parts, resp::ReplyWriter& to) {
        write(merge_latencies(parts), to);
      });
}

// ---- HISTOGRAM. Bucket bounds double, beginning at about one microsecond. They are those of a
// histogram with a precision of two digits, which is what Redis shows: 1, 2, 4, 8, 16, 33, 66, ...

constexpr uint64_t kFirstBucketNs = 1024;
constexpr uint64_t kLastBucketNs = uint64_t{1} << 36;  // The last bound of LatencyHistogram.

int64_t bucket_usec(uint64_t ns) {
  return static_cast<int64_t>((ns + ns / 128 - 1) / 1000);
}

void write_histogram(const LatencyHistogram& latency, resp::ReplyWriter& to) {
  to.map(2);
  to.bulk("calls");
  to.integer(static_cast<int64_t>(latency.total()));
  to.bulk("histogram_usec");
  const resp::ReplyWriter::Mark at = to.begin();
  size_t pairs = 0;
  uint64_t seen = 0;
  for (uint64_t ns = kFirstBucketNs; seen < latency.total() && ns <= kLastBucketNs; ns *= 2) {
    const uint64_t count = latency.count_up_to(ns);
    if (count == seen) continue;
    seen = count;
    to.integer(bucket_usec(ns));
    to.integer(static_cast<int64_t>(seen));
    ++pairs;
  }
  to.end_map(at, pairs);
}

// The commands whose histograms are wanted: all commands, or the named ones. A container stands for
// all its subcommands.
std::vector<uint32_t> wanted_commands(Call& call) {
  const engine::CommandTable& table = call.shards().commands();
  std::vector<uint32_t> ids;
  if (call.argc() == 2) {
    for (uint32_t id = 0; id < table.size(); ++id)
      ids.push_back(id);
  }
  for (const std::string_view name : call.args_from(2)) {
    const engine::Command* command = table.find_full(name);
    if (command == nullptr) continue;
    ids.push_back(command->id);
    for (const engine::Command* sub : command->subcommands)
      ids.push_back(sub->id);
  }
  return ids;
}

using Latencies = std::map<uint32_t, LatencyHistogram>;

Latencies read_latencies(engine::Shard& shard, const std::vector<uint32_t>& ids) {
  Latencies latencies;
  for (const uint32_t id : ids) {
    const auto& stats = shard.telemetry().of(shard.set().commands().by_id(id));
    if (stats.latency != nullptr && !latencies.contains(id)) latencies[id].merge(*stats.latency);
  }
  return latencies;
}

}  // namespace

Status latency_doctor(Call& call) {
  const LatencyLimits limits{
      .monitor_threshold_ms = call.options().latency_monitor_threshold_ms,
      .slowlog_threshold_us = call.options().slowlog_log_slower_than_us,
  };
  gather_events(call, [limits, now_s = call.now_ms() / 1000](const LatencyEvents& events,
                                                             resp::ReplyWriter& to) {
    to.verbatim("txt", latency_advice(events, limits, now_s));
  });
  return {};
}

Status latency_graph(Call& call) {
  gather_events(call, [event = std::string(call.arg(2)), now_s = call.now_ms() / 1000](
                          const LatencyEvents& events, resp::ReplyWriter& to) {
    const auto at = events.find(event);
    if (at == events.end()) {
      to.error("ERR No samples available for event '" + event + "'");
      return;
    }
    to.verbatim("txt", latency_graph_text(event, at->second, now_s));
  });
  return {};
}

Status latency_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    Return a human readable latency analysis report.",
      "GRAPH <event>",
      "    Return an ASCII latency graph for the <event> class.",
      "HISTORY <event>",
      "    Return time-latency samples for the <event> class.",
      "LATEST",
      "    Return the latest latency samples for all events.",
      "RESET [<event> ...]",
      "    Reset latency data of one or more <event> classes.",
      "    (default: reset all data for all event classes)",
      "HISTOGRAM [COMMAND ...]",
      "    Return a cumulative distribution of latencies in the format of a histogram for the "
      "specified command names.",
      "    If no commands are specified then all histograms are replied.",
  };
  return commands::reply_help(call, kLines);
}

Status latency_histogram(Call& call) {
  const std::vector<uint32_t> ids = wanted_commands(call);
  const engine::CommandTable& table = call.shards().commands();
  call.gather<Latencies>([ids](engine::Shard& shard) { return read_latencies(shard, ids); },
                         [ids, &table](std::vector<Latencies>& parts, resp::ReplyWriter& to) {
                           Latencies all;
                           for (const Latencies& part : parts) {
                             for (const auto& [id, latency] : part)
                               all[id].merge(latency);
                           }
                           const resp::ReplyWriter::Mark at = to.begin();
                           size_t pairs = 0;
                           for (const uint32_t id : ids) {
                             const auto latency = all.find(id);
                             if (latency == all.end() || latency->second.total() == 0) continue;
                             to.bulk(table.by_id(id).name);
                             write_histogram(latency->second, to);
                             ++pairs;
                           }
                           to.end_map(at, pairs);
                         });
  return {};
}

Status latency_history(Call& call) {
  gather_events(
      call, [event = std::string(call.arg(2))](const LatencyEvents& events, resp::ReplyWriter& to) {
        const auto at = events.find(event);
        if (at == events.end()) {
          to.array(0);
          return;
        }
        to.array(at->second.samples.size());
        for (const engine::LatencySample& sample : at->second.samples) {
          to.array(2);
          to.integer(sample.time_s);
          to.integer(sample.latency_ms);
        }
      });
  return {};
}

Status latency_latest(Call& call) {
  gather_events(call, [](const LatencyEvents& events, resp::ReplyWriter& to) {
    to.array(events.size());
    for (const auto& [event, series] : events) {
      to.array(4);
      to.bulk(event);
      to.integer(series.samples.back().time_s);
      to.integer(series.samples.back().latency_ms);
      to.integer(series.max_ms);
    }
  });
  return {};
}

// Several shards may have series of the same event, so names are counted, not series.
Status latency_reset(Call& call) {
  using Names = std::set<std::string>;
  std::vector<std::string> wanted;
  for (const std::string_view event : call.args_from(2))
    wanted.emplace_back(event);
  call.gather<Names>(
      [wanted](engine::Shard& shard) {
        Names names;
        for (const auto& [event, series] : shard.telemetry().latency().series()) {
          if (wanted.empty() || std::ranges::find(wanted, event) != wanted.end())
            names.insert(event);
        }
        for (const std::string& event : names)
          shard.telemetry().latency().reset(event);
        return names;
      },
      [](std::vector<Names>& parts, resp::ReplyWriter& to) {
        Names all;
        for (Names& part : parts)
          all.merge(part);
        to.integer(static_cast<int64_t>(all.size()));
      });
  return {};
}

}  // namespace kvstash::server
