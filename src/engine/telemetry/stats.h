// Counters of one shard. The thread that runs or holds the shard writes them; other threads ask by
// message.
#pragma once

#include "base/latency_histogram.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

// The result of a command that is over, for the slow log.
struct CallEnd {
  static constexpr uint64_t kNotSlow = UINT64_MAX;
  uint64_t ns = 0;
  // Taken when the command was over: it may come to its client's shard later than those of others.
  uint64_t slowlog_id = kNotSlow;
};

struct CommandStats {
  uint64_t calls = 0;
  uint64_t ns = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
  std::unique_ptr<LatencyHistogram> latency;  // Made by the first call.
};

struct ShardStats {
  uint64_t commands = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t expired = 0;
  uint64_t expired_fields = 0;       // Fields of hashes.
  uint64_t expire_budgets_used = 0;  // Turns that left due keys to the next turn.
  uint64_t evicted = 0;
  // Large values, and keys of databases, that were freed lazily as configured.
  uint64_t lazily_freed = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_closed_by_limit = 0;  // Closed by maxmemory-clients.
  uint64_t input_limit_passed = 0;           // Connections closed by the query buffer limit.
  uint64_t output_limit_passed = 0;          // Connections closed by the output buffer limit.
  uint64_t unsent_limit_passed = 0;          // Connections closed by client-unsent-total-limit.
  uint64_t error_replies = 0;
  uint64_t dirty = 0;

  // Between shards.
  uint64_t hops_sent = 0;
  uint64_t batches_sent = 0;
  uint64_t holds = 0;         // Groups in which this shard was a member.
  uint64_t transactions = 0;  // Groups that this shard executed.
  uint64_t park_ns = 0;
  uint64_t wakes = 0;  // Eventfd writes by this shard.

  uint64_t turns = 0;
  LatencyHistogram turn_time;
  LatencyHistogram expire_lag;  // Time from deadline to removal, in ns.

  std::unordered_map<std::string, uint64_t> errors;  // By the reply's code; bounded, see Telemetry.
};

}  // namespace kvstash::engine
