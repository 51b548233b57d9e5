// Snapshot: the numbers that INFO and the metrics page show, as one plain value.
//
// Every shard copies its own counters on its own thread; the server adds the numbers of the
// process. A snapshot refers to nothing that changes, so any thread may read it.
#pragma once

#include "base/alloc.h"
#include "base/latency_histogram.h"
#include "engine/command/command_table.h"
#include "engine/telemetry/hot_keys.h"
#include "engine/telemetry/stats.h"
#include "persist/node/persist_facts.h"
#include "replication/node/replication_facts.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::admin {

// The counters of one database on one shard.
struct DbCounters {
  uint32_t db = 0;
  uint64_t keys = 0;
  uint64_t expires = 0;    // Keys with a deadline.
  int64_t avg_ttl_ms = 0;  // Average over a sample of the keys with a deadline.
  uint64_t table_bytes = 0;
};

struct CommandCounters {
  uint64_t calls = 0;
  uint64_t usec = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
};

// The results of a walk over all connections.
struct ClientCounters {
  uint64_t input_max_bytes = 0;   // The longest unread input of one client.
  uint64_t output_max_bytes = 0;  // The longest unsent output of one client.
  uint64_t bytes = 0;             // Memory of all clients.
  uint64_t unsent_bytes = 0;      // Unsent replies of all clients.
  uint64_t held_back = 0;         // Clients not read from until they read their replies.
  uint64_t under_way = 0;         // Commands that wait for other shards.
};

// Subscriptions and client-side caching. Channels and keys are counted by the shard that owns them;
// patterns and prefixes are known to all shards and the same on each.
struct PushCounters {
  uint64_t channels = 0;
  uint64_t shard_channels = 0;
  uint64_t patterns = 0;
  uint64_t subscribers = 0;  // Clients with a subscription.
  uint64_t tracking_clients = 0;
  uint64_t tracked_keys = 0;
  uint64_t tracked_items = 0;  // Pairs of a key and a client.
  uint64_t prefixes = 0;
};

// One of the largest keys of a shard.
struct BigKeyCounters {
  uint32_t db = 0;
  std::string_view type{};  // A literal.
  std::string name;
  uint64_t bytes = 0;
  uint64_t elements = 0;  // For a string: the length of its value in bytes.
};

// The memory of scripts and functions on one shard.
struct ScriptCounters {
  uint64_t eval_vm_bytes = 0;
  uint64_t functions_vm_bytes = 0;
};

struct ShardCounters {
  engine::ShardStats stats;
  std::vector<DbCounters> dbs;                     // Databases that have keys.
  std::vector<CommandCounters> commands;           // Indexed by Command::id.
  std::map<uint32_t, LatencyHistogram> latencies;  // By Command::id, for used commands only.
  ClientCounters clients;
  PushCounters pushes;
  ScriptCounters scripts;
  uint64_t connections = 0;
  uint64_t blocked_clients = 0;            // Clients in blocking commands or held by a pause.
  uint64_t blocked_with_timeout = 0;       // Blocked clients whose wait has a timeout.
  uint64_t blocking_keys = 0;              // Keys that a client waits for.
  uint64_t blocking_keys_without_key = 0;  // Keys whose deletion also ends a client's wait.
  uint64_t gated_clients = 0;              // Clients whose replies wait for the journal.
  int64_t gated_ms = 0;                    // How long the first of them has waited.
  uint64_t data_bytes = 0;                 // Bytes of entries, values and bucket arrays.
  double commands_per_s = 0;
  double input_bytes_per_s = 0;
  double output_bytes_per_s = 0;
  double turns_per_s = 0;
  double turn_ns_per_s = 0;
  uint64_t slowlog_length = 0;
  std::optional<uint64_t> slowlog_last_id;
  std::vector<engine::HotKey> hot_keys;  // The hottest comes first.
  std::vector<BigKeyCounters> big_keys;  // In no order.
};

struct CpuSeconds {
  double system = 0;
  double user = 0;
};

// The numbers of the process, measured once for a snapshot.
struct ProcessCounters {
  AllocatorStats allocator;
  uint64_t used_memory = 0;
  uint64_t peak_memory = 0;
  uint64_t start_memory = 0;
  uint64_t resident_memory = 0;
  uint64_t system_memory = 0;       // Of the machine, or of the control group if it is less.
  uint64_t unsent_limit = 0;        // Limit of unsent replies of all clients.
  int64_t exceeded_total_ms = 0;    // How long memory has been over maxmemory in total.
  int64_t exceeded_current_ms = 0;  // How long memory has been over maxmemory now.
  uint64_t lazyfree_pending = 0;
  bool uses_huge_pages = false;   // Bucket arrays use huge pages.
  uint64_t huge_pages_bytes = 0;  // Bytes of bucket arrays in huge pages that are present.
  uint64_t rejected_connections = 0;
  // Counts of denials by access control lists.
  uint64_t denied_logins = 0;
  uint64_t denied_commands = 0;
  uint64_t denied_keys = 0;
  uint64_t denied_channels = 0;
  // Scripts and libraries, which all shards share.
  uint64_t cached_scripts = 0;
  uint64_t cached_scripts_bytes = 0;
  uint64_t libraries = 0;
  uint64_t functions = 0;
  uint64_t libraries_bytes = 0;
  CpuSeconds cpu;
  CpuSeconds cpu_children;
  CpuSeconds cpu_main_thread;
  persist::PersistFacts persist;
  replication::ReplicationFacts replication;
  int64_t now_ms = 0;
  int64_t started_ms = 0;
  std::optional<int64_t> tls_not_after_ms;
};

// One primary that a sentinel watches, with what belongs to it.
struct WatchedPrimary {
  std::string name;
  std::string address;  // "10.0.0.1:6379"
  std::string status;   // "ok", "sdown", "odown"
  uint64_t replicas = 0;
  uint64_t replicas_ok = 0;  // Connected and not down.
  uint64_t sentinels = 0;    // With this one.
  uint64_t sentinels_ok = 0;
  bool can_fail_over = false;  // Enough sentinels can be reached.
  int64_t quorum = 0;
  int64_t down_after_ms = 0;
  int64_t failover_timeout_ms = 0;
  int64_t parallel_syncs = 0;
};

struct SentinelCounters {
  bool is_tilted = false;
  uint64_t running_scripts = 0;
  uint64_t queued_scripts = 0;
  uint64_t simulated_failures = 0;  // Bits.
  std::vector<WatchedPrimary> primaries;
};

struct Snapshot {
  ProcessCounters process;
  std::vector<ShardCounters> shards;

  bool is_serving = true;                    // The server is not shutting down.
  std::optional<SentinelCounters> sentinel;  // None: the server is no sentinel.

  // The server's identity and the limits in force.
  const engine::CommandTable* commands = nullptr;  // Lives as long as the server.
  std::string version;
  std::string redis_version;
  std::string os;
  std::string run_id;
  int64_t tcp_port = 0;
  uint64_t max_clients = 0;
  uint64_t max_memory = 0;
  std::vector<double> percentiles;  // latency-tracking-info-percentiles.
};

// Returns the sum over shards: counters and rates are added, histograms merged, and sampled
// averages weighted; of the clients' maxima the largest counts.
ShardCounters total(const std::vector<ShardCounters>& shards);

}  // namespace kvstash::admin
