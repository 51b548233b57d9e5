// EngineOptions: what an operator may choose about data, memory, clients' limits and introspection.
//
// A plain value without logic: server/directives_*.cc gives every field its redis.conf name, range
// and documentation, and the initialisers here are the defaults. Units stand in the names: `_us`,
// `_ms`, `_s`, `_bytes`. Options change only while every shard is held (ShardSet::options()), so no
// shard reads a field while it changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kvstash::engine {

// What the server does when maxmemory is reached.
enum class EvictionPolicy : uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction,
};

// Who may use a dangerous feature. kLocal: connections from this machine only.
enum class Allowed : uint8_t { kNo, kYes, kLocal };

// Channels a new ACL user starts with.
enum class AclPubsubDefault : uint8_t { kAllChannels, kResetChannels };

// How carefully RESTORE and loading check payloads. kClients: only payloads from clients are
// checked.
enum class SanitizePayload : uint8_t { kNo, kYes, kClients };

// What a script or a function may touch. kAny: every key. kDeclared: only keys in the slots of the
// keys that its caller named; the script then holds only the shards of those keys.
enum class ScriptKeys : uint8_t { kAny, kDeclared };

// What a replica does when a command from its primary fails.
enum class PropagationError : uint8_t { kIgnore, kPanic, kPanicOnReplicas };

// Classes of keyspace events, combined in EngineOptions::notify_keyspace_events.
namespace notify {
inline constexpr uint32_t kKeyspace = 1u << 0;  // K
inline constexpr uint32_t kKeyevent = 1u << 1;  // E
inline constexpr uint32_t kGeneric = 1u << 2;   // g
inline constexpr uint32_t kString = 1u << 3;    // $
inline constexpr uint32_t kList = 1u << 4;      // l
inline constexpr uint32_t kSet = 1u << 5;       // s
inline constexpr uint32_t kHash = 1u << 6;      // h
inline constexpr uint32_t kZset = 1u << 7;      // z
inline constexpr uint32_t kExpired = 1u << 8;   // x
inline constexpr uint32_t kEvicted = 1u << 9;   // e
inline constexpr uint32_t kStream = 1u << 10;   // t
inline constexpr uint32_t kKeyMiss = 1u << 11;  // m, not part of A
inline constexpr uint32_t kModule = 1u << 12;   // d
inline constexpr uint32_t kNew = 1u << 13;      // n, not part of A
inline constexpr uint32_t kAll = kGeneric | kString | kList | kSet | kHash | kZset | kExpired |
                                 kEvicted | kStream | kModule;  // A
}  // namespace notify

// The classes of clients that client-output-buffer-limit distinguishes.
enum class ClientClass : uint8_t { kNormal, kReplica, kPubsub };
inline constexpr size_t kClientClasses = 3;

// A client whose unsent replies pass `hard_bytes`, or stay over `soft_bytes` for `soft_s`, is
// closed. 0: no limit.
struct OutputBufferLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_s = 0;

  bool operator==(const OutputBufferLimit&) const = default;
};

struct EngineOptions {
  // The shape of the node.
  int64_t databases = 16;
  int64_t shards = 0;  // 0: as many as there are usable cores.

  // Memory and eviction.
  uint64_t maxmemory_bytes = 0;  // 0: no limit.
  EvictionPolicy maxmemory_policy = EvictionPolicy::kNoEviction;
  int64_t maxmemory_samples = 5;
  int64_t maxmemory_eviction_tenacity = 10;
  int64_t maxmemory_clients = 0;  // Bytes; negative: per cent of maxmemory; 0: no limit.
  int64_t lfu_log_factor = 10;
  int64_t lfu_decay_time_min = 1;
  int64_t active_expire_effort = 1;
  bool huge_pages = true;
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_server_del = false;
  bool lazyfree_lazy_user_del = false;
  bool lazyfree_lazy_user_flush = false;

  // Encodings: a value keeps its compact form up to these limits.
  int64_t hash_max_listpack_entries = 512;
  uint64_t hash_max_listpack_value = 64;
  int64_t list_max_listpack_size = -2;  // Negative: -1 is 4 KiB ... -5 is 64 KiB; else entries.
  int64_t list_compress_depth = 0;
  int64_t set_max_intset_entries = 512;
  int64_t set_max_listpack_entries = 128;
  uint64_t set_max_listpack_value = 64;
  int64_t zset_max_listpack_entries = 128;
  uint64_t zset_max_listpack_value = 64;
  uint64_t stream_node_max_bytes = 4096;
  int64_t stream_node_max_entries = 100;
  uint64_t hll_sparse_max_bytes = 3000;

  // Values outside of memory: snapshots and DUMP.
  // 10 is pinned; with 11, what needs a higher version of the format gets it.
  int64_t rdb_version = 11;
  bool rdbcompression = true;

  // Limits of one client.
  uint64_t proto_max_bulk_len = uint64_t{512} << 20;
  uint64_t client_query_buffer_limit = uint64_t{1} << 30;
  OutputBufferLimit client_output_buffer_limit[kClientClasses] = {
      {},                                             // Normal clients wait for their replies.
      {uint64_t{256} << 20, uint64_t{64} << 20, 60},  // Replicas.
      {uint64_t{32} << 20, uint64_t{8} << 20, 60},    // Subscribers.
  };
  // A client with more unsent replies is not read from; 0: no limit.
  uint64_t client_unsent_reply_limit_bytes = 0;
  // The limit on the unsent replies of all clients together; 0: a quarter of memory.
  uint64_t client_unsent_total_limit_bytes = 0;
  // A connection that makes no progress for so long is closed; 0: never.
  int64_t client_stall_timeout_s = 60;
  int64_t client_command_rate_limit = 0;        // Commands a second; 0: no limit.
  int64_t client_commands_in_flight_limit = 0;  // Unanswered commands; 0: no limit.
  int64_t tracking_table_max_keys = 1'000'000;  // 0: no limit.
  int64_t busy_reply_threshold_ms = 5000;       // 0: scripts never make the server BUSY.
  ScriptKeys script_keys = ScriptKeys::kAny;

  // Security.
  std::string requirepass;  // The default user's password; empty: none is asked for.
  std::string aclfile;
  int64_t acllog_max_len = 128;
  AclPubsubDefault acl_pubsub_default = AclPubsubDefault::kResetChannels;
  Allowed enable_debug_command = Allowed::kNo;
  Allowed enable_protected_configs = Allowed::kNo;
  Allowed enable_module_command = Allowed::kNo;
  SanitizePayload sanitize_dump_payload = SanitizePayload::kNo;

  // Introspection.
  int64_t slowlog_log_slower_than_us = 10'000;  // Negative: off; 0: everything.
  int64_t slowlog_max_len = 128;
  int64_t latency_monitor_threshold_ms = 0;  // 0: off.
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};
  uint32_t notify_keyspace_events = 0;  // Bits of notify::.

  // Background work.
  int64_t hz = 10;
  bool dynamic_hz = true;
  bool activerehashing = true;
  PropagationError propagation_error_behavior = PropagationError::kIgnore;
  std::string locale_collate;

  bool operator==(const EngineOptions&) const = default;
};

}  // namespace kvstash::engine
