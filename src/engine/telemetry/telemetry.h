// Telemetry: what one shard counts and notes of what it does: statistics, rates, the slow log,
// events of latency.
//
// Written by the thread that runs the shard, or that holds it; others ask by message.
#pragma once

#include "engine/command/command_table.h"
#include "engine/telemetry/latency_monitor.h"
#include "engine/telemetry/rate_meter.h"
#include "engine/telemetry/slowlog.h"
#include "engine/telemetry/stats.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Session;
class ShardSet;

class Telemetry {
 public:
  explicit Telemetry(ShardSet& set);

  ShardStats& stats() { return stats_; }
  const ShardStats& stats() const { return stats_; }
  CommandStats& of(const Command& command) { return commands_[command.id]; }
  const ShardRates& rates() const { return rates_; }
  Slowlog& slowlog() { return slowlog_; }
  LatencyMonitor& latency() { return latency_; }

  // ---- Commands.
  // Counts one that is over, after `ns`. `is_logged`: it is none that runs inside another.
  CallEnd count_call(const Command& command, uint64_t ns, bool is_logged = true);
  // Counts it as failed if `reply`, the whole of it, is an error.
  void count_failure(const Command& command, std::string_view reply);
  // Counts an error reply, by its code.
  void count_error(std::string_view message);
  // For the slow log and the events of latency: it ran for the client and is over.
  void note_end(const Session& session, const Command& command,
                std::span<const std::string_view> argv, const CallEnd& end, int64_t now_ms);

  // ---- Now and then.
  void sample_rates(int64_t now_ms);
  void reset();            // CONFIG RESETSTAT.
  void take_up_options();  // The options are new.

 private:
  ShardSet* set_;
  ShardStats stats_;
  ShardRates rates_;
  std::vector<CommandStats> commands_;  // By id.
  Slowlog slowlog_;
  LatencyMonitor latency_;
};

}  // namespace kvstash::engine
