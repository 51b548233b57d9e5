// Telemetry: statistics, rates, slow log and latency events of one shard.
//
// The thread that runs or holds the shard writes it; other threads ask by message.
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
  // Counts a call that is over and took `ns`. `is_logged`: it may get a place in the slow log,
  // because it does not run inside another command.
  CallEnd count_call(const Command& command, uint64_t ns, bool is_logged = true);
  // Counts the call as failed if `reply`, which is its whole reply, is an error.
  void count_failure(const Command& command, std::string_view reply);
  // Counts an error reply, by its code.
  void count_error(std::string_view message);
  // Notes a client's command that is over in the slow log and in the latency events.
  void note_end(const Session& session, const Command& command,
                std::span<const std::string_view> argv, const CallEnd& end, int64_t now_ms);

  // ---- From time to time.
  void sample_rates(int64_t now_ms);
  void reset();            // CONFIG RESETSTAT.
  void take_up_options();  // Applies changed options.

 private:
  ShardSet* set_;
  ShardStats stats_;
  ShardRates rates_;
  std::vector<CommandStats> commands_;  // By id.
  Slowlog slowlog_;
  LatencyMonitor latency_;
};

}  // namespace kvstash::engine
