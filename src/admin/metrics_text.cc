#include "admin/metrics_text.h"

#include "base/text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace kvstash::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// The bounds of histograms in nanoseconds go from about a microsecond to about a second.
constexpr uint64_t kFirstBoundNs = 1024;
constexpr uint64_t kLastBoundNs = uint64_t{1} << 30;
constexpr double kNsPerSecond = 1e9;
constexpr double kNsPerUsec = 1e3;
constexpr size_t kHotKeysShown = 10;

// One metric with all its labelled values.
class Family {
 public:
  Family(std::string_view name, std::string_view help, MetricType type) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }

  Family& add(double value, Labels labels = {}) {
    ClientMetric& metric = append(std::move(labels));
    metric.counter.value = value;
    metric.gauge.value = value;
    return *this;
  }
  Family& add(uint64_t value, Labels labels = {}) {
    return add(static_cast<double>(value), std::move(labels));
  }

  // Bounds are written in units of `unit_ns`; each is `step` times the previous one.
  void add_histogram(const LatencyHistogram& from, double unit_ns, uint64_t step, Labels labels) {
    ClientMetric::Histogram& to = append(std::move(labels)).histogram;
    to.sample_count = from.total();
    to.sample_sum = static_cast<double>(from.sum_ns()) / unit_ns;
    for (uint64_t ns = kFirstBoundNs; ns <= kLastBoundNs; ns *= step)
      to.bucket.push_back({.cumulative_count = from.count_up_to(ns),
                           .upper_bound = static_cast<double>(ns) / unit_ns});
  }

  void add_summary(const LatencyHistogram& from, const std::vector<double>& percentiles,
                   Labels labels) {
    ClientMetric::Summary& to = append(std::move(labels)).summary;
    to.sample_count = from.total();
    to.sample_sum = static_cast<double>(from.sum_ns()) / kNsPerUsec;
    for (const double percentile : percentiles) {
      const auto ns = static_cast<double>(from.percentile_ns(percentile / 100));
      to.quantile.push_back({.quantile = percentile / 100, .value = ns / kNsPerUsec});
    }
  }

  MetricFamily take() { return std::move(family_); }

 private:
  ClientMetric& append(Labels labels) {
    ClientMetric& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  MetricFamily family_;
};

class Page {
 public:
  Family& gauge(std::string_view name, std::string_view help) {
    return families_.emplace_back(name, help, MetricType::Gauge);
  }
  Family& counter(std::string_view name, std::string_view help) {
    return families_.emplace_back(name, help, MetricType::Counter);
  }
  Family& histogram(std::string_view name, std::string_view help) {
    return families_.emplace_back(name, help, MetricType::Histogram);
  }
  Family& summary(std::string_view name, std::string_view help) {
    return families_.emplace_back(name, help, MetricType::Summary);
  }

  std::string text() {
    std::vector<MetricFamily> all;
    for (Family& family : families_)
      all.push_back(family.take());
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, all);
    return out.str();
  }

 private:
  std::deque<Family> families_;  // A deque keeps references valid.
};

std::string role_of(const Snapshot& snapshot) {
  if (snapshot.sentinel) return "sentinel";
  return snapshot.process.replication.primary ? "slave" : "master";
}

void write_instance(const Snapshot& snapshot, Page& page) {
  const ProcessCounters& process = snapshot.process;
  page.gauge("redis_up", "Whether the server answers").add(1.0);
  page.gauge("redis_instance_info", "What this instance is")
      .add(1.0, {{"role", role_of(snapshot)},
                 {"redis_version", snapshot.redis_version},
                 {"redis_mode", snapshot.sentinel ? "sentinel" : "standalone"},
                 {"os", snapshot.os},
                 {"tcp_port", std::to_string(snapshot.tcp_port)},
                 {"run_id", snapshot.run_id}});
  page.gauge("kvstash_build_info", "Version of kvstash").add(1.0, {{"version", snapshot.version}});
  page.gauge("redis_start_time_seconds", "When the server started, in seconds since 1970")
      .add(static_cast<double>(process.started_ms) / 1000);
  page.gauge("redis_uptime_in_seconds", "How long the server has been running")
      .add(static_cast<double>((process.now_ms - process.started_ms) / 1000));
  page.gauge("redis_cluster_enabled", "Whether cluster mode is on").add(0.0);
  if (process.tls_not_after_ms) {
    page.gauge("kvstash_tls_cert_not_after_timestamp_seconds", "When the TLS certificate expires")
        .add(static_cast<double>(*process.tls_not_after_ms) / 1000);
  }
}

void write_clients(const Snapshot& snapshot, const ShardCounters& sum, Page& page) {
  page.gauge("redis_connected_clients", "Open client connections").add(sum.connections);
  page.gauge("redis_blocked_clients", "Clients waiting in a blocking command")
      .add(sum.blocked_clients);
  page.gauge("redis_max_clients", "Most client connections allowed").add(snapshot.max_clients);
  page.gauge("redis_client_recent_max_input_buffer_bytes", "Longest unread input of one client")
      .add(sum.clients.input_max_bytes);
  page.gauge("redis_client_recent_max_output_buffer_bytes", "Longest unsent output of one client")
      .add(sum.clients.output_max_bytes);
  page.counter("redis_connections_received_total", "Connections accepted")
      .add(sum.stats.connections_accepted);
  page.counter("redis_rejected_connections_total", "Connections refused because of maxclients")
      .add(snapshot.process.rejected_connections);
  page.counter("redis_acl_access_denied_auth_total", "Logins that failed")
      .add(snapshot.process.denied_logins);
  page.counter("redis_acl_access_denied_cmd_total", "Commands denied to their user")
      .add(snapshot.process.denied_commands);
  page.counter("redis_acl_access_denied_key_total", "Keys denied to their user")
      .add(snapshot.process.denied_keys);
  page.counter("redis_acl_access_denied_channel_total", "Channels denied to their user")
      .add(snapshot.process.denied_channels);
  page.counter("redis_evicted_clients_total", "Connections closed because of a limit")
      .add(sum.stats.connections_closed_by_limit);
  page.gauge("kvstash_clients_unsent_bytes", "Replies that wait for all clients")
      .add(sum.clients.unsent_bytes);
  page.gauge("kvstash_clients_unsent_limit_bytes", "The most that may wait for all clients")
      .add(snapshot.process.unsent_limit);
  page.gauge("kvstash_clients_held_back", "Clients not read from, because they do not read")
      .add(sum.clients.held_back);
  page.counter("kvstash_clients_unsent_limit_disconnections_total",
               "Connections closed for what all clients together did not read")
      .add(sum.stats.unsent_limit_passed);
}

void write_pushes(const PushCounters& pushes, Page& page) {
  page.gauge("redis_pubsub_clients", "Clients that subscribe to something").add(pushes.subscribers);
  page.gauge("redis_pubsub_channels", "Channels with subscribers").add(pushes.channels);
  page.gauge("redis_pubsub_patterns", "Patterns with subscribers").add(pushes.patterns);
  page.gauge("redis_pubsubshard_channels", "Shard channels with subscribers")
      .add(pushes.shard_channels);
  page.gauge("redis_tracking_clients", "Clients that are told when keys change")
      .add(pushes.tracking_clients);
  page.gauge("redis_tracking_total_keys", "Keys remembered for them").add(pushes.tracked_keys);
  page.gauge("redis_tracking_total_items", "Pairs of a key and a client").add(pushes.tracked_items);
  page.gauge("redis_tracking_total_prefixes", "Prefixes that some follow").add(pushes.prefixes);
}

void write_memory(const Snapshot& snapshot, const ShardCounters& sum, Page& page) {
  const ProcessCounters& process = snapshot.process;
  page.gauge("redis_memory_used_bytes", "Memory in use").add(process.used_memory);
  page.gauge("redis_memory_used_peak_bytes", "Most memory ever in use").add(process.peak_memory);
  page.gauge("redis_memory_used_startup_bytes", "Memory in use at start").add(process.start_memory);
  page.gauge("redis_memory_used_rss_bytes", "Resident memory of the process")
      .add(process.resident_memory);
  page.gauge("redis_memory_max_bytes", "maxmemory; 0: no limit").add(snapshot.max_memory);
  page.gauge("redis_memory_used_vm_eval_bytes", "Memory of the virtual machines of scripts")
      .add(sum.scripts.eval_vm_bytes);
  page.gauge("redis_memory_used_vm_functions_bytes", "Memory of the virtual machines of functions")
      .add(sum.scripts.functions_vm_bytes);
  page.gauge("redis_memory_used_scripts_eval_bytes", "Memory of the scripts that are known")
      .add(process.cached_scripts_bytes);
  page.gauge("redis_memory_used_functions_bytes", "Memory of the libraries that are known")
      .add(process.libraries_bytes);
  page.gauge("redis_number_of_cached_scripts", "Scripts that are known")
      .add(process.cached_scripts);
  page.gauge("redis_number_of_functions", "Functions that are known").add(process.functions);
  page.gauge("redis_number_of_libraries", "Libraries that are known").add(process.libraries);
  page.gauge("redis_total_system_memory_bytes", "Memory of the machine or the container")
      .add(process.system_memory);
  const double ratio = process.used_memory == 0 ? 0.0
                                                : static_cast<double>(process.resident_memory) /
                                                      static_cast<double>(process.used_memory);
  page.gauge("redis_mem_fragmentation_ratio", "Resident memory against memory in use").add(ratio);
  page.gauge("redis_allocator_allocated_bytes", "Handed out by the allocator")
      .add(uint64_t{process.allocator.allocated});
  page.gauge("redis_allocator_active_bytes", "In pages of the allocator that are in use")
      .add(uint64_t{process.allocator.active});
  page.gauge("redis_allocator_resident_bytes", "Held by the allocator")
      .add(uint64_t{process.allocator.resident});
  page.gauge("redis_mem_clients_normal", "Memory of client connections").add(sum.clients.bytes);
  page.gauge("kvstash_huge_pages_bytes", "Bucket arrays behind huge pages")
      .add(process.huge_pages_bytes);
  page.gauge("redis_lazyfree_pending_objects", "Objects waiting to be freed in the background")
      .add(process.lazyfree_pending);
  page.counter("redis_lazyfreed_objects_total", "Objects freed in the background")
      .add(sum.stats.lazily_freed);
}

void write_traffic(const ShardCounters& sum, Page& page) {
  const engine::ShardStats& stats = sum.stats;
  page.counter("redis_commands_processed_total", "Commands run").add(stats.commands);
  page.gauge("redis_instantaneous_ops_per_sec", "Commands a second, lately")
      .add(sum.commands_per_s);
  page.counter("redis_keyspace_hits_total", "Reads that found their key").add(stats.keyspace_hits);
  page.counter("redis_keyspace_misses_total", "Reads that did not").add(stats.keyspace_misses);
  page.counter("redis_expired_keys_total", "Keys removed at their deadline").add(stats.expired);
  page.counter("redis_evicted_keys_total", "Keys removed because of maxmemory").add(stats.evicted);
  page.counter("redis_net_input_bytes_total", "Bytes read from clients").add(stats.net_input_bytes);
  page.counter("redis_net_output_bytes_total", "Bytes written to clients")
      .add(stats.net_output_bytes);
  page.counter("redis_total_reads_processed", "Reads from sockets").add(stats.reads);
  page.counter("redis_total_writes_processed", "Writes to sockets").add(stats.writes);
  page.counter("redis_unexpected_error_replies", "Errors no command foresaw").add(0.0);
  page.counter("redis_total_error_replies", "Error replies").add(stats.error_replies);
  Family& errors = page.counter("redis_errors_total", "Error replies by code");
  for (const auto& [code, count] : stats.errors)
    errors.add(count, {{"err", code}});
  page.gauge("redis_slowlog_length", "Entries of the slow log").add(sum.slowlog_length);
  page.gauge("redis_slowlog_last_id", "Number of its newest entry")
      .add(sum.slowlog_last_id.value_or(0));
}

void write_keyspace(const ShardCounters& sum, Page& page) {
  Family& keys = page.gauge("redis_db_keys", "Keys by database");
  Family& expiring = page.gauge("redis_db_keys_expiring", "Keys with a deadline");
  Family& ttl = page.gauge("redis_db_avg_ttl_seconds", "Time left of keys with a deadline");
  for (const DbCounters& db : sum.dbs) {
    const Labels label = {{"db", "db" + std::to_string(db.db)}};
    keys.add(db.keys, label);
    expiring.add(db.expires, label);
    ttl.add(static_cast<double>(db.avg_ttl_ms) / 1000, label);
  }
}

// Returns the name of a key with bytes that do not print escaped, because names may have any bytes.
std::string key_label(std::string_view name) {
  const std::string quoted = quote(name);
  return quoted.substr(1, quoted.size() - 2);
}

void write_notable_keys(const ShardCounters& sum, Page& page) {
  Family& hot = page.gauge("kvstash_hotkeys", "Accesses a second of the hottest keys, estimated");
  for (size_t i = 0; i < std::min(sum.hot_keys.size(), kHotKeysShown); ++i) {
    const engine::HotKey& key = sum.hot_keys[i];
    hot.add(key.per_second, {{"db", "db" + std::to_string(key.db)}, {"key", key_label(key.name)}});
  }
  using Sizes = std::pair<uint64_t, uint64_t>;  // Largest bytes, largest elements.
  std::map<std::pair<uint32_t, std::string_view>, Sizes> largest;
  for (const BigKeyCounters& key : sum.big_keys) {
    auto& [bytes, elements] = largest[{key.db, key.type}];
    bytes = std::max(bytes, key.bytes);
    elements = std::max(elements, key.elements);
  }
  Family& bytes = page.gauge("kvstash_big_key_bytes", "Memory of the largest key of a type");
  Family& elements =
      page.gauge("kvstash_big_key_elements", "Elements of the longest key of a type");
  for (const auto& [place, sizes] : largest) {
    const Labels labels = {{"db", "db" + std::to_string(place.first)},
                           {"type", std::string(place.second)}};
    bytes.add(sizes.first, labels);
    elements.add(sizes.second, labels);
  }
}

void write_cpu(const ProcessCounters& process, Page& page) {
  page.counter("redis_cpu_sys_seconds_total", "Processor time in the kernel")
      .add(process.cpu.system);
  page.counter("redis_cpu_user_seconds_total", "Processor time outside it").add(process.cpu.user);
  page.counter("redis_cpu_sys_children_seconds_total", "The same, of child processes")
      .add(process.cpu_children.system);
  page.counter("redis_cpu_user_children_seconds_total", "The same, of child processes")
      .add(process.cpu_children.user);
}

void write_snapshot_files(const persist::PersistFacts& disk, uint64_t changes, double now_s,
                          Page& page) {
  page.gauge("redis_rdb_changes_since_last_save", "Changes that are in no snapshot")
      .add(changes - std::min(changes, disk.changes_saved));
  page.gauge("redis_rdb_last_save_timestamp_seconds", "When the last snapshot was made")
      .add(static_cast<double>(disk.last_save_s));
  page.gauge("redis_rdb_last_bgsave_status", "Whether the last snapshot succeeded")
      .add(disk.was_save_ok ? 1.0 : 0.0);
  page.gauge("redis_rdb_bgsave_in_progress", "Whether one is being made")
      .add(disk.is_saving ? 1.0 : 0.0);
  page.gauge("redis_rdb_current_bgsave_duration_sec", "For how long it has been; -1: none is made")
      .add(disk.is_saving ? now_s - static_cast<double>(disk.save_began_s) : -1.0);
  page.gauge("redis_rdb_last_bgsave_duration_sec", "How long the last took; -1: there was none")
      .add(static_cast<double>(disk.save_time_s));
  page.gauge("redis_rdb_last_cow_size_bytes", "Memory that the last took beside the data, at most")
      .add(disk.save_peak_bytes);
  page.gauge("redis_latest_fork_seconds", "How long the last fork took").add(0.0);
  page.gauge("redis_loading_dump_file", "Whether data is being loaded")
      .add(disk.is_loading ? 1.0 : 0.0);
  page.gauge("kvstash_snapshot_bytes", "Memory of the snapshot under way beside the data")
      .add(disk.snapshot_bytes);
  page.gauge("kvstash_snapshot_spilled_bytes", "What it has in its scratch file, of changed data")
      .add(disk.spilled_bytes);
  page.gauge("kvstash_snapshot_turn_max_seconds",
             "Processor time of the longest turn of a shard beside it, or beside the last one")
      .add(static_cast<double>(disk.snapshot_turn_max_ns) / 1e9);
}

void write_rewrites(const persist::PersistFacts& disk, double now_s, Page& page) {
  page.gauge("redis_aof_rewrite_in_progress", "Whether the append-only file is being rewritten")
      .add(disk.is_rewriting ? 1.0 : 0.0);
  page.gauge("redis_aof_last_bgrewrite_status", "Whether the last rewrite succeeded")
      .add(disk.was_rewrite_ok ? 1.0 : 0.0);
  page.gauge("redis_aof_current_rewrite_duration_sec", "How long it has been; -1: none is made")
      .add(disk.is_rewriting ? now_s - static_cast<double>(disk.rewrite_began_s) : -1.0);
  page.gauge("redis_aof_last_rewrite_duration_sec", "How long the last took; -1: there was none")
      .add(static_cast<double>(disk.rewrite_time_s));
  page.gauge("redis_aof_last_cow_size_bytes", "Memory that the last took beside the data, at most")
      .add(disk.rewrite_peak_bytes);
}

void write_aof(const persist::PersistFacts& disk, const ShardCounters& sum, Page& page) {
  page.gauge("redis_aof_enabled", "Whether the append-only file is on")
      .add(disk.is_aof_on ? 1.0 : 0.0);
  page.gauge("redis_aof_current_size_bytes", "Size of its files").add(disk.aof_bytes);
  page.gauge("redis_aof_base_size_bytes", "Their size after the last rewrite")
      .add(disk.aof_base_bytes);
  page.gauge("kvstash_aof_kept_bytes", "Size of older increments, kept for replicas")
      .add(disk.aof_kept_bytes);
  page.gauge("redis_aof_last_write_status", "Whether its last write succeeded")
      .add(disk.is_aof_ok ? 1.0 : 0.0);
  page.gauge("redis_aof_buffer_length", "Bytes recorded and not written")
      .add(disk.aof_pending_bytes);
  page.gauge("kvstash_aof_unsynced_bytes", "Bytes that a power cut would take")
      .add(disk.aof_unsynced_bytes);
  page.gauge("kvstash_aof_unsynced_seconds", "Age of the oldest of them")
      .add(static_cast<double>(disk.aof_unsynced_ms) / 1000);
  page.gauge("kvstash_gate_waiting_clients", "Clients whose replies wait for the append-only file")
      .add(sum.gated_clients);
  page.gauge("kvstash_gate_oldest_wait_seconds", "How long the first of them has waited")
      .add(static_cast<double>(sum.gated_ms) / 1000);
  page.gauge("redis_aof_delayed_fsync", "Times that writes waited for a slow sync")
      .add(disk.delayed_syncs);
  page.counter("kvstash_aof_fsyncs_total", "Syncs of the append-only file").add(disk.syncs);
  page.counter("kvstash_aof_failed_files_total", "Files given up after a failed write or sync")
      .add(disk.aof_failures);
  page.gauge("kvstash_journal_bytes", "Memory of the journal").add(disk.journal_bytes);
  page.gauge("redis_mem_not_counted_for_eviction_bytes",
             "Memory of the journal and of snapshots, for which nothing is evicted")
      .add(disk.uncounted_bytes);
}

void write_replicas(const replication::ReplicationFacts& facts, Page& page) {
  page.gauge("redis_connected_slaves", "Replicas connected").add(facts.replicas.size());
  page.gauge("redis_master_repl_offset", "Offset of the replication stream").add(facts.offset);
  page.gauge("redis_replication_backlog_bytes", "Length of the replication backlog")
      .add(facts.has_backlog ? facts.offset - facts.backlog_begin : 0);
  page.counter("redis_replica_resyncs_full", "Full resynchronisations").add(facts.full_syncs);
  page.counter("redis_replica_resyncs_partial_ok", "Partial resynchronisations")
      .add(facts.partial_syncs);
  page.counter("redis_replica_resyncs_partial_denied", "Partial ones that became full ones")
      .add(facts.refused_partial_syncs);
  Family& lags = page.gauge("redis_connected_slave_lag_seconds", "Since a replica acknowledged");
  Family& offsets =
      page.gauge("redis_connected_slave_offset_bytes", "What a replica has acknowledged");
  for (const replication::ReplicaLine& replica : facts.replicas) {
    const Labels labels = {{"slave_ip", replica.ip},
                           {"slave_port", std::to_string(replica.port)},
                           {"slave_state", std::string(name_of(replica.state))}};
    lags.add(static_cast<double>(replica.lag_s), labels);
    offsets.add(replica.offset, labels);
  }
}

// What a replica tells of its primary, under the names of redis_exporter.
void write_primary_link(const replication::ReplicationFacts& node, Page& page) {
  const replication::PrimaryFacts& primary = *node.primary;
  const Labels who = {{"master_host", primary.host}, {"master_port", std::to_string(primary.port)}};
  const int64_t heard_s =
      primary.is_up() && primary.heard_ms ? (node.now_ms - *primary.heard_ms) / 1000 : -1;
  page.gauge("redis_master_link_up", "Whether the primary's stream is followed")
      .add(primary.is_up() ? 1.0 : 0.0, who);
  page.gauge("redis_master_last_io_seconds_ago", "Since the primary was last heard of; -1: down")
      .add(static_cast<double>(heard_s), who);
  page.gauge("redis_master_sync_in_progress", "Whether a snapshot of the primary is being taken")
      .add(primary.is_syncing() ? 1.0 : 0.0, who);
  page.gauge("redis_slave_repl_offset", "Offset up to which the primary's stream is applied")
      .add(primary.applied, who);
  page.gauge("kvstash_replica_read_offset", "Offset up to which the primary's stream was read")
      .add(primary.read, who);
  page.gauge("kvstash_replica_refuses_empty_primary",
             "Whether the primary has lost its data, and this node keeps its own")
      .add(primary.refuses_empty ? 1.0 : 0.0, who);
  page.counter("kvstash_replica_full_syncs_total", "Snapshots of the primary that were loaded")
      .add(primary.full_syncs, who);
  page.counter("kvstash_replica_partial_syncs_total", "Times the primary's stream was resumed")
      .add(primary.partial_syncs, who);
}

void write_durability(const Snapshot& snapshot, const ShardCounters& sum, Page& page) {
  write_replicas(snapshot.process.replication, page);
  if (snapshot.process.replication.primary) write_primary_link(snapshot.process.replication, page);
  const persist::PersistFacts& disk = snapshot.process.persist;
  const double now_s = static_cast<double>(snapshot.process.now_ms / 1000);
  write_snapshot_files(disk, sum.stats.dirty, now_s, page);
  write_rewrites(disk, now_s, page);
  write_aof(disk, sum, page);
}

void write_watched(const SentinelCounters& sentinel, Page& page) {
  Family& status = page.gauge("redis_sentinel_master_status", "State of a watched primary");
  Family& replicas = page.gauge("redis_sentinel_master_slaves", "Replicas of a primary");
  Family& replicas_ok =
      page.gauge("redis_sentinel_master_ok_slaves", "Replicas that are connected and not down");
  Family& sentinels =
      page.gauge("redis_sentinel_master_sentinels", "Sentinels of a primary, with this one");
  Family& sentinels_ok =
      page.gauge("redis_sentinel_master_ok_sentinels", "Sentinels that are connected and not down");
  Family& quorum = page.gauge("redis_sentinel_master_ckquorum_status",
                              "Whether enough sentinels can be reached for a failover");
  Family& wanted = page.gauge("redis_sentinel_master_setting_ckquorum", "The quorum");
  Family& down_after = page.gauge("redis_sentinel_master_setting_down_after_milliseconds",
                                  "How long a primary may be silent");
  Family& timeout = page.gauge("redis_sentinel_master_setting_failover_timeout", "In milliseconds");
  Family& parallel = page.gauge("redis_sentinel_master_setting_parallel_syncs",
                                "Replicas that a failover moves at once");
  for (const WatchedPrimary& primary : sentinel.primaries) {
    const Labels name = {{"master_name", primary.name}};
    const Labels labels = {{"master_name", primary.name}, {"master_address", primary.address}};
    status.add(1.0, {{"master_name", primary.name},
                     {"master_address", primary.address},
                     {"master_status", primary.status}});
    replicas.add(primary.replicas, labels);
    replicas_ok.add(primary.replicas_ok, labels);
    sentinels.add(primary.sentinels, labels);
    sentinels_ok.add(primary.sentinels_ok, labels);
    quorum.add(primary.can_fail_over ? 1.0 : 0.0, name);
    wanted.add(static_cast<double>(primary.quorum), labels);
    down_after.add(static_cast<double>(primary.down_after_ms), labels);
    timeout.add(static_cast<double>(primary.failover_timeout_ms), labels);
    parallel.add(static_cast<double>(primary.parallel_syncs), labels);
  }
}

void write_sentinel(const SentinelCounters& sentinel, Page& page) {
  page.gauge("redis_sentinel_masters", "Watched primaries")
      .add(uint64_t{sentinel.primaries.size()});
  page.gauge("redis_sentinel_tilt", "Whether the sentinel mistrusts its clock and only watches")
      .add(sentinel.is_tilted ? 1.0 : 0.0);
  page.gauge("redis_sentinel_running_scripts", "Scripts that run").add(sentinel.running_scripts);
  page.gauge("redis_sentinel_scripts_queue_length", "Scripts that run or wait")
      .add(sentinel.queued_scripts);
  page.gauge("redis_sentinel_simulate_failure_flags", "Failures to simulate, as bits")
      .add(sentinel.simulated_failures);
  write_watched(sentinel, page);
}

void write_commands(const Snapshot& snapshot, const ShardCounters& sum, Page& page) {
  Family& calls = page.counter("redis_commands_total", "Calls by command");
  Family& seconds = page.counter("redis_commands_duration_seconds_total", "Time spent in them");
  Family& failed = page.counter("redis_commands_failed_calls_total", "Calls that failed");
  Family& rejected =
      page.counter("redis_commands_rejected_calls_total", "Calls refused before they ran");
  for (uint32_t id = 0; id < sum.commands.size(); ++id) {
    const CommandCounters& stats = sum.commands[id];
    if (stats.calls == 0 && stats.failed == 0 && stats.rejected == 0) continue;
    const Labels label = {{"cmd", snapshot.commands->by_id(id).name}};
    calls.add(stats.calls, label);
    seconds.add(static_cast<double>(stats.usec) / 1e6, label);
    failed.add(stats.failed, label);
    rejected.add(stats.rejected, label);
  }
  Family& histograms =
      page.histogram("redis_commands_latencies_usec", "How long commands took, microseconds");
  Family& summaries =
      page.summary("redis_latency_percentiles_usec", "How long commands took, microseconds");
  for (const auto& [id, latency] : sum.latencies) {
    const Labels label = {{"cmd", snapshot.commands->by_id(id).name}};
    histograms.add_histogram(latency, kNsPerUsec, 2, label);
    summaries.add_summary(latency, snapshot.percentiles, label);
  }
}

struct ShardCounter {
  std::string_view name;
  std::string_view help;
  uint64_t engine::ShardStats::*value;
};

constexpr ShardCounter kShardCounters[] = {
    {"kvstash_shard_commands_total", "Commands run by the shard", &engine::ShardStats::commands},
    {"kvstash_shard_hops_total", "Commands it sent to other shards",
     &engine::ShardStats::hops_sent},
    {"kvstash_shard_batches_total", "Messages it sent them in", &engine::ShardStats::batches_sent},
    {"kvstash_shard_holds_total", "Times it was held by transactions", &engine::ShardStats::holds},
    {"kvstash_shard_transactions_total", "Groups of transactions it executed",
     &engine::ShardStats::transactions},
    {"kvstash_shard_wakes_total", "Times it woke another shard", &engine::ShardStats::wakes},
    {"kvstash_shard_turns_total", "Turns of its loop", &engine::ShardStats::turns},
};

void write_shards(const Snapshot& snapshot, Page& page) {
  const auto label = [](size_t id) { return Labels{{"shard", std::to_string(id)}}; };
  const auto gauge = [&](std::string_view name, std::string_view help,
                         uint64_t (*value)(const ShardCounters&)) {
    Family& family = page.gauge(name, help);
    for (size_t id = 0; id < snapshot.shards.size(); ++id)
      family.add(value(snapshot.shards[id]), label(id));
  };
  page.gauge("kvstash_shards", "Shards, each a thread").add(uint64_t{snapshot.shards.size()});
  gauge("kvstash_shard_keys", "Keys on the shard", [](const ShardCounters& shard) {
    uint64_t keys = 0;
    for (const DbCounters& db : shard.dbs)
      keys += db.keys;
    return keys;
  });
  gauge("kvstash_shard_data_bytes", "Memory of its keys and values",
        [](const ShardCounters& shard) { return shard.data_bytes; });
  gauge("kvstash_shard_connections", "Connections it serves",
        [](const ShardCounters& shard) { return shard.connections; });
  gauge("kvstash_shard_queue_depth", "Commands of its clients that are under way elsewhere",
        [](const ShardCounters& shard) { return shard.clients.under_way; });
  for (const ShardCounter& counter : kShardCounters) {
    Family& family = page.counter(counter.name, counter.help);
    for (size_t id = 0; id < snapshot.shards.size(); ++id)
      family.add(snapshot.shards[id].stats.*counter.value, label(id));
  }
  Family& parked =
      page.counter("kvstash_shard_park_seconds_total", "Time it waited while it was held");
  Family& turns = page.histogram("kvstash_shard_turn_seconds", "How long its turns took");
  Family& lags = page.histogram("kvstash_shard_expire_lag_seconds",
                                "How long after their deadline keys were removed");
  for (size_t id = 0; id < snapshot.shards.size(); ++id) {
    const engine::ShardStats& stats = snapshot.shards[id].stats;
    parked.add(static_cast<double>(stats.park_ns) / kNsPerSecond, label(id));
    turns.add_histogram(stats.turn_time, kNsPerSecond, 4, label(id));
    lags.add_histogram(stats.expire_lag, kNsPerSecond, 4, label(id));
  }
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  const ShardCounters sum = total(snapshot.shards);
  Page page;
  write_instance(snapshot, page);
  write_clients(snapshot, sum, page);
  write_pushes(sum.pushes, page);
  write_memory(snapshot, sum, page);
  write_traffic(sum, page);
  if (snapshot.sentinel) {
    write_sentinel(*snapshot.sentinel, page);
  } else {
    write_keyspace(sum, page);
    write_notable_keys(sum, page);
    write_durability(snapshot, sum, page);
  }
  write_cpu(snapshot.process, page);
  write_commands(snapshot, sum, page);
  write_shards(snapshot, page);
  return page.text();
}

}  // namespace kvstash::admin
