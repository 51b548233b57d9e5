#include "server/info_sections.h"

#include "base/text.h"
#include "server/info_text.h"
#include "server/memory_use.h"
#include "store/eviction.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

namespace kvstash::server {
namespace {

constexpr double kKilo = 1024;
constexpr size_t kKeysShown = 10;  // At most this many hot keys and big keys are shown.

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

std::string_view supervised_name(Supervised supervised) {
  switch (supervised) {
    case Supervised::kNo:
      return "no";
    case Supervised::kUpstart:
      return "upstart";
    case Supervised::kSystemd:
      return "systemd";
    case Supervised::kAuto:
      return "auto";
  }
  return "no";
}

std::string_view policy_name(engine::EvictionPolicy policy) {
  static constexpr std::string_view kNames[] = {"volatile-lru",   "volatile-lfu", "volatile-random",
                                                "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                                "allkeys-random", "noeviction"};
  return kNames[static_cast<size_t>(policy)];
}

// Writes one line for each kind of listener, as Redis 7.2 does.
void write_listeners(const InfoFacts& facts, InfoText& to) {
  const net::NetOptions& net = facts.options.net;
  unsigned number = 0;
  const auto write = [&](std::string value) {
    to.field("listener" + std::to_string(number++), std::string_view(value));
  };
  std::string binds;
  for (const std::string& address : net.bind)
    binds += ",bind=" + address;
  if (net.port != 0) write("name=tcp" + binds + ",port=" + std::to_string(facts.snapshot.tcp_port));
  if (!net.unixsocket.empty()) write("name=unix,bind=" + net.unixsocket);
  if (net.tls.port != 0) write("name=tls" + binds + ",port=" + std::to_string(net.tls.port));
}

void write_server(const InfoFacts& facts, InfoText& to) {
  constexpr int64_t kSecondsPerDay = 86'400;
  const admin::ProcessCounters& process = facts.snapshot.process;
  const int64_t uptime_s = std::max<int64_t>(process.now_ms - process.started_ms, 0) / 1000;
  to.field("redis_version", facts.snapshot.redis_version);
  to.field("server_name", "kvstash");
  to.field("kvstash_version", facts.snapshot.version);
  to.field("redis_git_sha1", "00000000");
  to.field("redis_git_dirty", "0");
  to.field("redis_build_id", "0");
  to.field("redis_mode", facts.options.is_sentinel ? "sentinel" : "standalone");
  to.field("os", facts.snapshot.os);
  to.field("arch_bits", sizeof(void*) * 8);
  to.field("monotonic_clock", "POSIX clock_gettime");
  to.field("multiplexing_api", "epoll");
  to.field("atomicvar_api", "std-atomic");
  to.field("gcc_version", std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
                              std::to_string(__GNUC_PATCHLEVEL__));
  to.field("process_id", facts.run.pid);
  to.field("process_supervised", supervised_name(facts.options.process.supervised));
  to.field("run_id", facts.run.run_id);
  to.field("tcp_port", facts.snapshot.tcp_port);
  to.field("server_time_usec", process.now_ms * 1000);
  to.field("uptime_in_seconds", uptime_s);
  to.field("uptime_in_days", uptime_s / kSecondsPerDay);
  to.field("hz", facts.options.engine.hz);
  to.field("configured_hz", facts.options.engine.hz);
  to.field("lru_clock", store::lru_clock(process.now_ms));
  to.field("executable", facts.run.executable);
  to.field("config_file", facts.options.config_file);
  to.field("io_threads_active", "0");
  to.field("shards", facts.snapshot.shards.size());
  write_listeners(facts, to);
  if (process.tls_not_after_ms) to.field("tls_cert_not_after", *process.tls_not_after_ms / 1000);
}

void write_clients(const InfoFacts& facts, InfoText& to) {
  const uint64_t replicas = facts.snapshot.process.replication.replicas.size();
  to.field("connected_clients", facts.sum.connections - std::min(facts.sum.connections, replicas));
  to.field("cluster_connections", "0");
  to.field("maxclients", facts.snapshot.max_clients);
  to.field("client_recent_max_input_buffer", facts.sum.clients.input_max_bytes);
  to.field("client_recent_max_output_buffer", facts.sum.clients.output_max_bytes);
  to.field("blocked_clients", facts.sum.blocked_clients);
  to.field("tracking_clients", facts.sum.pushes.tracking_clients);
  to.field("clients_in_timeout_table", facts.sum.blocked_with_timeout);
  to.field("total_blocking_keys", facts.sum.blocking_keys);
  to.field("total_blocking_keys_on_nokey", facts.sum.blocking_keys_without_key);
  to.field("pubsub_clients", facts.sum.pushes.subscribers);
  to.field("held_back_clients", facts.sum.clients.held_back);
}

void write_human(InfoText& to, std::string_view name, uint64_t bytes) {
  to.field(name, bytes);
  to.field(std::string(name) + "_human", human_bytes(bytes));
}

void write_used_memory(const admin::ProcessCounters& process, const MemoryUse& use, InfoText& to) {
  write_human(to, "used_memory", use.used);
  write_human(to, "used_memory_rss", process.resident_memory);
  write_human(to, "used_memory_peak", use.peak);
  to.field("used_memory_peak_perc", fixed_text(use.peak_percent, 2) + "%");
  to.field("used_memory_overhead", use.overhead);
  to.field("used_memory_startup", use.start);
  to.field("used_memory_dataset", use.dataset);
  to.field("used_memory_dataset_perc", fixed_text(use.dataset_percent, 2) + "%");
  to.field("allocator_allocated", process.allocator.allocated);
  to.field("allocator_active", process.allocator.active);
  to.field("allocator_resident", process.allocator.resident);
  write_human(to, "total_system_memory", process.system_memory);
}

void write_script_memory(const admin::ProcessCounters& process,
                         const admin::ScriptCounters& scripts, InfoText& to) {
  to.field("used_memory_lua", scripts.eval_vm_bytes);
  to.field("used_memory_vm_eval", scripts.eval_vm_bytes);
  to.field("used_memory_lua_human", human_bytes(scripts.eval_vm_bytes));
  to.field("used_memory_scripts_eval", process.cached_scripts_bytes);
  to.field("number_of_cached_scripts", process.cached_scripts);
  to.field("number_of_functions", process.functions);
  to.field("number_of_libraries", process.libraries);
  to.field("used_memory_vm_functions", scripts.functions_vm_bytes);
  write_human(to, "used_memory_vm_total", scripts.eval_vm_bytes + scripts.functions_vm_bytes);
  to.field("used_memory_functions", process.libraries_bytes);
  write_human(to, "used_memory_scripts", process.cached_scripts_bytes + process.libraries_bytes);
}

void write_fragmentation(const MemoryUse& use, InfoText& to) {
  const auto write = [&](std::string_view ratio, std::string_view bytes,
                         const Fragmentation& value) {
    to.fixed(ratio, value.ratio, 2);
    to.field(bytes, value.bytes);
  };
  write("allocator_frag_ratio", "allocator_frag_bytes", use.allocator);
  write("allocator_rss_ratio", "allocator_rss_bytes", use.allocator_rss);
  write("rss_overhead_ratio", "rss_overhead_bytes", use.process_rss);
  write("mem_fragmentation_ratio", "mem_fragmentation_bytes", use.whole);
}

void write_memory(const InfoFacts& facts, InfoText& to) {
  const admin::ProcessCounters& process = facts.snapshot.process;
  const MemoryUse use = memory_use(process, facts.sum);
  write_used_memory(process, use, to);
  write_script_memory(process, facts.sum.scripts, to);
  write_human(to, "maxmemory", facts.snapshot.max_memory);
  to.field("maxmemory_policy", policy_name(facts.options.engine.maxmemory_policy));
  write_fragmentation(use, to);
  to.field("mem_not_counted_for_evict", process.persist.uncounted_bytes);
  const uint64_t backlog = process.replication.has_backlog ? process.persist.journal_bytes : 0;
  to.field("mem_replication_backlog", backlog);
  to.field("mem_total_replication_buffers", backlog);
  to.field("mem_clients_slaves", "0");
  to.field("mem_clients_normal", facts.sum.clients.bytes);
  to.field("mem_clients_unsent", facts.sum.clients.unsent_bytes);
  to.field("mem_clients_unsent_limit", process.unsent_limit);
  to.field("mem_cluster_links", "0");
  to.field("mem_aof_buffer", process.persist.journal_bytes);
  to.field("huge_pages", process.uses_huge_pages ? "1" : "0");
  to.field("mem_huge_pages", process.huge_pages_bytes);
  to.field("mem_allocator", allocator_name());
  to.field("active_defrag_running", "0");
  to.field("lazyfree_pending_objects", process.lazyfree_pending);
  to.field("lazyfreed_objects", facts.sum.stats.lazily_freed);
}

void write_loading(const persist::PersistFacts& disk, int64_t now_s, InfoText& to) {
  const int64_t taken_s = std::max<int64_t>(now_s - disk.load_began_s, 1);
  const uint64_t left = disk.load_bytes_total - std::min(disk.load_bytes, disk.load_bytes_total);
  const uint64_t speed = std::max<uint64_t>(disk.load_bytes / static_cast<uint64_t>(taken_s), 1);
  to.field("loading_start_time", disk.load_began_s);
  to.field("loading_total_bytes", disk.load_bytes_total);
  to.field("loading_rdb_used_mem", "0");
  to.field("loading_loaded_bytes", disk.load_bytes);
  to.fixed("loading_loaded_perc", ratio(disk.load_bytes * 100, disk.load_bytes_total), 2);
  to.field("loading_eta_seconds", left / speed);
}

void write_snapshots(const persist::PersistFacts& disk, uint64_t changes, int64_t now_s,
                     InfoText& to) {
  to.field("current_cow_peak", disk.is_saving || disk.is_rewriting ? disk.snapshot_peak_bytes : 0);
  to.field("current_cow_size", disk.snapshot_bytes);
  to.field("current_cow_size_age", "0");
  to.field("current_spill_size", disk.spilled_bytes);
  to.field("snapshot_turn_max_usec", disk.snapshot_turn_max_ns / 1000);
  to.fixed("current_fork_perc", ratio(disk.keys_done * 100, disk.keys_total), 2);
  to.field("current_save_keys_processed", disk.keys_done);
  to.field("current_save_keys_total", disk.keys_total);
  to.field("rdb_changes_since_last_save", changes - std::min(changes, disk.changes_saved));
  to.field("rdb_bgsave_in_progress", disk.is_saving ? "1" : "0");
  to.field("rdb_last_save_time", disk.last_save_s);
  to.field("rdb_last_bgsave_status", disk.was_save_ok ? "ok" : "err");
  to.field("rdb_last_bgsave_time_sec", disk.save_time_s);
  to.field("rdb_current_bgsave_time_sec", disk.is_saving ? now_s - disk.save_began_s : -1);
  to.field("rdb_saves", disk.saves);
  to.field("rdb_last_cow_size", disk.save_peak_bytes);
  to.field("rdb_last_load_keys_expired", disk.load_keys_expired);
  to.field("rdb_last_load_keys_loaded", disk.load_keys);
}

void write_aof(const persist::PersistFacts& disk, const admin::ShardCounters& sum, int64_t now_s,
               InfoText& to) {
  to.field("aof_enabled", disk.is_aof_on ? "1" : "0");
  to.field("aof_rewrite_in_progress", disk.is_rewriting ? "1" : "0");
  to.field("aof_rewrite_scheduled", disk.is_rewrite_scheduled ? "1" : "0");
  to.field("aof_last_rewrite_time_sec", disk.rewrite_time_s);
  to.field("aof_current_rewrite_time_sec", disk.is_rewriting ? now_s - disk.rewrite_began_s : -1);
  to.field("aof_last_bgrewrite_status", disk.was_rewrite_ok ? "ok" : "err");
  to.field("aof_rewrites", disk.rewrites);
  to.field("aof_rewrites_consecutive_failures", disk.rewrite_failures);
  to.field("aof_last_write_status", disk.is_aof_ok ? "ok" : "err");
  to.field("aof_last_cow_size", disk.rewrite_peak_bytes);
  to.fields({"module_fork_in_progress", "module_fork_last_cow_size"}, "0");
  if (!disk.is_aof_on) return;
  to.field("aof_current_size", disk.aof_bytes);
  to.field("aof_base_size", disk.aof_base_bytes);
  to.field("aof_kept_size", disk.aof_kept_bytes);
  to.field("aof_pending_rewrite", "0");
  to.field("aof_buffer_length", disk.aof_pending_bytes);
  to.field("aof_pending_bio_fsync", disk.is_sync_pending ? "1" : "0");
  to.field("aof_delayed_fsync", disk.delayed_syncs);
  to.field("aof_fsyncs", disk.syncs);
  to.field("aof_failed_files", disk.aof_failures);
  to.field("aof_unsynced_bytes", disk.aof_unsynced_bytes);
  to.field("aof_unsynced_ms", disk.aof_unsynced_ms);
  to.field("gate_waiting_clients", sum.gated_clients);
  to.field("gate_oldest_wait_ms", sum.gated_ms);
}

void write_persistence(const InfoFacts& facts, InfoText& to) {
  const persist::PersistFacts& disk = facts.snapshot.process.persist;
  const int64_t now_s = facts.snapshot.process.now_ms / 1000;
  to.field("loading", disk.is_loading ? "1" : "0");
  to.field("async_loading", "0");
  write_snapshots(disk, facts.sum.stats.dirty, now_s, to);
  write_aof(disk, facts.sum, now_s, to);
  if (disk.is_loading) write_loading(disk, now_s, to);
}

void write_traffic(const InfoFacts& facts, InfoText& to) {
  const engine::ShardStats& stats = facts.sum.stats;
  to.field("total_connections_received", stats.connections_accepted);
  to.field("total_commands_processed", stats.commands);
  to.fixed("instantaneous_ops_per_sec", facts.sum.commands_per_s, 0);
  to.field("total_net_input_bytes", stats.net_input_bytes);
  to.field("total_net_output_bytes", stats.net_output_bytes);
  to.fields({"total_net_repl_input_bytes", "total_net_repl_output_bytes"}, "0");
  to.fixed("instantaneous_input_kbps", facts.sum.input_bytes_per_s / kKilo, 2);
  to.fixed("instantaneous_output_kbps", facts.sum.output_bytes_per_s / kKilo, 2);
  to.fields({"instantaneous_input_repl_kbps", "instantaneous_output_repl_kbps"}, "0.00");
  to.field("rejected_connections", facts.snapshot.process.rejected_connections);
  const replication::ReplicationFacts& replication = facts.snapshot.process.replication;
  to.field("sync_full", replication.full_syncs);
  to.field("sync_partial_ok", replication.partial_syncs);
  to.field("sync_partial_err", replication.refused_partial_syncs);
}

void write_expiry(const engine::ShardStats& stats, InfoText& to) {
  const auto usec = [&](double fraction) {
    return stats.expire_lag.percentile_ns(fraction) / 1000;
  };
  to.field("expired_keys", stats.expired);
  to.field("expired_subkeys", stats.expired_fields);
  to.field("expired_stale_perc", "0.00");
  to.field("expired_time_cap_reached_count", stats.expire_budgets_used);
  to.field("expire_cycle_cpu_milliseconds", "0");
  to.field("expire_lag_usec_p50", usec(0.5));
  to.field("expire_lag_usec_p99", usec(0.99));
  to.field("expire_lag_usec_max", usec(1));
}

void write_event_loop(const InfoFacts& facts, InfoText& to) {
  const engine::ShardStats& stats = facts.sum.stats;
  uint64_t command_usec = 0;
  for (const admin::CommandCounters& command : facts.sum.commands)
    command_usec += command.usec;
  to.field("eventloop_cycles", stats.turns);
  to.field("eventloop_duration_sum", stats.turn_time.sum_ns() / 1000);
  to.field("eventloop_duration_cmd_sum", command_usec);
  to.fixed("instantaneous_eventloop_cycles_per_sec", facts.sum.turns_per_s, 0);
  const double turns = facts.sum.turns_per_s;
  to.fixed("instantaneous_eventloop_duration_usec",
           turns == 0 ? 0 : facts.sum.turn_ns_per_s / turns / 1000, 0);
}

void write_stats(const InfoFacts& facts, InfoText& to) {
  const engine::ShardStats& stats = facts.sum.stats;
  write_traffic(facts, to);
  write_expiry(stats, to);
  to.field("evicted_keys", stats.evicted);
  to.field("evicted_clients", stats.connections_closed_by_limit);
  to.field("total_eviction_exceeded_time", facts.snapshot.process.exceeded_total_ms);
  to.field("current_eviction_exceeded_time", facts.snapshot.process.exceeded_current_ms);
  to.field("keyspace_hits", stats.keyspace_hits);
  to.field("keyspace_misses", stats.keyspace_misses);
  const admin::PushCounters& pushes = facts.sum.pushes;
  to.field("pubsub_channels", pushes.channels);
  to.field("pubsub_patterns", pushes.patterns);
  to.field("pubsubshard_channels", pushes.shard_channels);
  to.fields(
      {"latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
       "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
       "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time"},
      "0");
  to.field("tracking_total_keys", pushes.tracked_keys);
  to.field("tracking_total_items", pushes.tracked_items);
  to.field("tracking_total_prefixes", pushes.prefixes);
  to.field("unexpected_error_replies", "0");
  to.field("total_error_replies", stats.error_replies);
  to.field("dump_payload_sanitizations", "0");
  to.field("total_reads_processed", stats.reads);
  to.field("total_writes_processed", stats.writes);
  to.fields({"io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks",
             "reply_buffer_expands"},
            "0");
  to.field("client_query_buffer_limit_disconnections", stats.input_limit_passed);
  to.field("client_output_buffer_limit_disconnections", stats.output_limit_passed);
  to.field("client_unsent_total_limit_disconnections", stats.unsent_limit_passed);
  write_event_loop(facts, to);
  const admin::ProcessCounters& process = facts.snapshot.process;
  to.field("acl_access_denied_auth", process.denied_logins);
  to.field("acl_access_denied_cmd", process.denied_commands);
  to.field("acl_access_denied_key", process.denied_keys);
  to.field("acl_access_denied_channel", process.denied_channels);
}

void write_replicas(const replication::ReplicationFacts& facts, InfoText& to) {
  to.field("connected_slaves", facts.replicas.size());
  if (facts.good_replicas) to.field("min_slaves_good_slaves", *facts.good_replicas);
  for (size_t i = 0; i < facts.replicas.size(); ++i) {
    const replication::ReplicaLine& replica = facts.replicas[i];
    const std::string value = "ip=" + replica.ip + ",port=" + std::to_string(replica.port) +
                              ",state=" + std::string(name_of(replica.state)) +
                              ",offset=" + std::to_string(replica.offset) +
                              ",lag=" + std::to_string(replica.lag_s);
    to.field("slave" + std::to_string(i), std::string_view(value));
  }
}

// Redis tells the numbers of bytes, counted from 1, where we count the bytes before a place.
void write_stream(const replication::ReplicationFacts& facts, InfoText& to) {
  const replication::History& history = facts.history;
  const bool has_second = !history.second_replid.empty();
  to.field("master_replid", history.replid);
  to.field("master_replid2", has_second ? history.second_replid : replication::no_replid());
  to.field("master_repl_offset", facts.offset);
  if (has_second) {
    to.field("second_repl_offset", history.second_end + 1);
  } else {
    to.field("second_repl_offset", "-1");
  }
  to.field("repl_backlog_active", facts.has_backlog ? "1" : "0");
  to.field("repl_backlog_size", facts.backlog_size);
  to.field("repl_backlog_first_byte_offset", facts.has_backlog ? facts.backlog_begin + 1 : 0);
  to.field("repl_backlog_histlen", facts.has_backlog ? facts.offset - facts.backlog_begin : 0);
}

// How many seconds ago that was, by the clock of the facts; -1: never.
int64_t seconds_since(const replication::ReplicationFacts& facts, std::optional<int64_t> ms) {
  return ms ? std::max<int64_t>(facts.now_ms - *ms, 0) / 1000 : -1;
}

void write_sync(const replication::ReplicationFacts& facts, InfoText& to) {
  const replication::PrimaryFacts& primary = *facts.primary;
  const uint64_t read = primary.sync_bytes_read;
  const uint64_t left = std::max(primary.sync_bytes_total, read) - read;
  to.field("master_sync_total_bytes", primary.sync_bytes_total);
  to.field("master_sync_read_bytes", read);
  to.field("master_sync_left_bytes", primary.sync_bytes_total == 0 ? 0 : left);
  to.fixed("master_sync_perc", ratio(read * 100, primary.sync_bytes_total), 2);
  to.field("master_sync_last_io_seconds_ago", seconds_since(facts, primary.heard_ms));
}

// What a replica tells of its primary.
void write_primary_link(const replication::ReplicationFacts& facts,
                        const ReplicationOptions& options, InfoText& to) {
  const replication::PrimaryFacts& primary = *facts.primary;
  to.field("master_host", primary.host);
  to.field("master_port", primary.port);
  to.field("master_link_status", primary.is_up() ? "up" : "down");
  to.field("master_last_io_seconds_ago",
           primary.is_up() ? seconds_since(facts, primary.heard_ms) : -1);
  to.field("master_sync_in_progress", primary.is_syncing() ? "1" : "0");
  to.field("slave_read_repl_offset", primary.read);
  to.field("slave_repl_offset", primary.applied);
  if (primary.is_syncing()) write_sync(facts, to);
  if (!primary.is_up())
    to.field("master_link_down_since_seconds", seconds_since(facts, primary.down_since_ms));
  if (primary.refuses_empty) to.field("master_refused_empty", "1");
  to.field("slave_priority", options.replica_priority);
  to.field("slave_read_only", options.replica_read_only ? "1" : "0");
  to.field("replica_announced", options.replica_announced ? "1" : "0");
}

void write_replication(const InfoFacts& facts, InfoText& to) {
  const replication::ReplicationFacts& node = facts.snapshot.process.replication;
  to.field("role", node.primary ? "slave" : "master");
  if (node.primary) write_primary_link(node, facts.options.replication, to);
  write_replicas(node, to);
  to.field("master_failover_state", replication::failover_state_name(node.failover));
  write_stream(node, to);
}

void write_cpu(const InfoFacts& facts, InfoText& to) {
  const admin::ProcessCounters& process = facts.snapshot.process;
  to.fixed("used_cpu_sys", process.cpu.system, 6);
  to.fixed("used_cpu_user", process.cpu.user, 6);
  to.fixed("used_cpu_sys_children", process.cpu_children.system, 6);
  to.fixed("used_cpu_user_children", process.cpu_children.user, 6);
  to.fixed("used_cpu_sys_main_thread", process.cpu_main_thread.system, 6);
  to.fixed("used_cpu_user_main_thread", process.cpu_main_thread.user, 6);
}

void write_modules(const InfoFacts&, InfoText&) {}

void write_commandstats(const InfoFacts& facts, InfoText& to) {
  for (uint32_t id = 0; id < facts.sum.commands.size(); ++id) {
    const admin::CommandCounters& stats = facts.sum.commands[id];
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) continue;
    const std::string value = "calls=" + std::to_string(stats.calls) +
                              ",usec=" + std::to_string(stats.usec) +
                              ",usec_per_call=" + fixed_text(ratio(stats.usec, stats.calls), 2) +
                              ",rejected_calls=" + std::to_string(stats.rejected) +
                              ",failed_calls=" + std::to_string(stats.failed);
    to.field("cmdstat_" + facts.snapshot.commands->by_id(id).name, std::string_view(value));
  }
}

// Makes the code of an error reply safe to show: bytes that would break the line are replaced.
std::string safe_name(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return c == '#' || c == ':' || c == '\n' || c == '\r'; }, '_');
  return name;
}

void write_errorstats(const InfoFacts& facts, InfoText& to) {
  const auto& errors = facts.sum.stats.errors;
  const std::map<std::string, uint64_t> sorted(errors.begin(), errors.end());
  for (const auto& [code, count] : sorted)
    to.field("errorstat_" + safe_name(code), std::string_view("count=" + std::to_string(count)));
}

// Writes a percentile without needless zeros: 50 as "50", 99.9 as "99.9".
std::string percentile_name(double percentile) {
  std::string text = fixed_text(percentile, 6);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void write_latencystats(const InfoFacts& facts, InfoText& to) {
  if (!facts.options.engine.latency_tracking) return;
  for (const auto& [id, latency] : facts.sum.latencies) {
    std::string value;
    for (const double percentile : facts.snapshot.percentiles) {
      const auto ns = static_cast<double>(latency.percentile_ns(percentile / 100));
      if (!value.empty()) value += ',';
      value += "p" + percentile_name(percentile) + "=" + fixed_text(ns / 1000, 3);
    }
    to.field("latency_percentiles_usec_" + facts.snapshot.commands->by_id(id).name,
             std::string_view(value));
  }
}

void write_cluster(const InfoFacts&, InfoText& to) {
  to.field("cluster_enabled", "0");
}

void write_keyspace(const InfoFacts& facts, InfoText& to) {
  for (const admin::DbCounters& db : facts.sum.dbs) {
    const std::string value = "keys=" + std::to_string(db.keys) +
                              ",expires=" + std::to_string(db.expires) +
                              ",avg_ttl=" + std::to_string(db.avg_ttl_ms);
    to.field("db" + std::to_string(db.db), std::string_view(value));
  }
}

void write_shards(const InfoFacts& facts, InfoText& to) {
  for (size_t id = 0; id < facts.snapshot.shards.size(); ++id) {
    const admin::ShardCounters& shard = facts.snapshot.shards[id];
    const engine::ShardStats& stats = shard.stats;
    uint64_t keys = 0;
    for (const admin::DbCounters& db : shard.dbs)
      keys += db.keys;
    const std::string value =
        "keys=" + std::to_string(keys) + ",connections=" + std::to_string(shard.connections) +
        ",hops=" + std::to_string(stats.hops_sent) +
        ",batches=" + std::to_string(stats.batches_sent) + ",holds=" + std::to_string(stats.holds) +
        ",transactions=" + std::to_string(stats.transactions) +
        ",park_usec=" + std::to_string(stats.park_ns / 1000) +
        ",wakes=" + std::to_string(stats.wakes) + ",turns=" + std::to_string(stats.turns) +
        ",turn_p99_usec=" + std::to_string(stats.turn_time.percentile_ns(0.99) / 1000) +
        ",turn_max_usec=" + std::to_string(stats.turn_time.percentile_ns(1) / 1000);
    to.field("shard" + std::to_string(id), std::string_view(value));
  }
}

void write_hotkeys(const InfoFacts& facts, InfoText& to) {
  const std::vector<engine::HotKey>& keys = facts.sum.hot_keys;
  for (size_t i = 0; i < std::min(keys.size(), kKeysShown); ++i) {
    const std::string value =
        "db=" + std::to_string(keys[i].db) + ",qps=" + std::to_string(keys[i].per_second) +
        ",error=" + std::to_string(keys[i].error) + ",key=" + quote(keys[i].name);
    to.field("hotkey_" + std::to_string(i), std::string_view(value));
  }
}

void write_largest(std::vector<admin::BigKeyCounters> keys, std::string_view title,
                   uint64_t admin::BigKeyCounters::*size, InfoText& to) {
  std::ranges::sort(keys, [size](const auto& a, const auto& b) {
    return std::tie(b.*size, a.db, a.name) < std::tie(a.*size, b.db, b.name);
  });
  for (size_t i = 0; i < std::min(keys.size(), kKeysShown); ++i) {
    const std::string value =
        "db=" + std::to_string(keys[i].db) + ",type=" + std::string(keys[i].type) +
        ",bytes=" + std::to_string(keys[i].bytes) +
        ",elements=" + std::to_string(keys[i].elements) + ",key=" + quote(keys[i].name);
    to.field(std::string(title) + std::to_string(i), std::string_view(value));
  }
}

// Strings are left out of the list by elements: their elements are bytes, which the first list
// shows.
void write_bigkeys(const InfoFacts& facts, InfoText& to) {
  std::vector<admin::BigKeyCounters> keys = facts.sum.big_keys;
  write_largest(keys, "bigkey_bytes_", &admin::BigKeyCounters::bytes, to);
  std::erase_if(keys, [](const auto& key) { return key.type == "string"; });
  write_largest(std::move(keys), "bigkey_elements_", &admin::BigKeyCounters::elements, to);
}

void write_sentinel(const InfoFacts& facts, InfoText& to) {
  to.lines(facts.sentinel_lines);
}

// Which servers have a section.
enum class Whose : uint8_t { kData, kSentinel, kBoth };

struct Section {
  std::string_view title;
  bool is_default;
  void (*write)(const InfoFacts&, InfoText&);
  Whose whose = Whose::kData;

  bool is_for(bool is_sentinel) const {
    return whose == Whose::kBoth || (whose == Whose::kSentinel) == is_sentinel;
  }
};

constexpr std::array kSections = {
    Section{"Server", true, write_server, Whose::kBoth},
    Section{"Clients", true, write_clients, Whose::kBoth},
    Section{"Memory", true, write_memory},
    Section{"Persistence", true, write_persistence},
    Section{"Stats", true, write_stats, Whose::kBoth},
    Section{"Replication", true, write_replication},
    Section{"CPU", true, write_cpu, Whose::kBoth},
    Section{"Modules", true, write_modules},
    Section{"Commandstats", false, write_commandstats},
    Section{"Errorstats", true, write_errorstats},
    Section{"Latencystats", false, write_latencystats},
    Section{"Cluster", true, write_cluster},
    Section{"Keyspace", true, write_keyspace},
    Section{"Shards", true, write_shards},
    Section{"Hotkeys", false, write_hotkeys},
    Section{"Bigkeys", false, write_bigkeys},
    Section{"Sentinel", true, write_sentinel, Whose::kSentinel},
};

}  // namespace

InfoChoice InfoChoice::of(std::span<const std::string_view> words, bool is_sentinel) {
  InfoChoice choice;
  const auto choose = [&](auto wants) {
    for (size_t i = 0; i < kSections.size(); ++i) {
      if (kSections[i].is_for(is_sentinel) && wants(kSections[i])) choice.sections_ |= 1u << i;
    }
  };
  const auto is_default = [](const Section& section) { return section.is_default; };
  if (words.empty()) choose(is_default);
  for (const std::string_view word : words) {
    if (equals_ignore_case(word, "default")) {
      choose(is_default);
    } else if (equals_ignore_case(word, "all") || equals_ignore_case(word, "everything")) {
      choose([](const Section&) { return true; });
    } else {
      choose([&](const Section& section) { return equals_ignore_case(word, section.title); });
    }
  }
  return choice;
}

bool InfoChoice::wants(SectionWriter write) const {
  for (size_t i = 0; i < kSections.size(); ++i) {
    if (kSections[i].write == write) return has(i);
  }
  return false;
}

bool InfoChoice::wants_latencies() const {
  return wants(write_latencystats);
}

bool InfoChoice::wants_keys() const {
  return wants(write_hotkeys) || wants(write_bigkeys);
}

std::string info_text(const InfoFacts& facts, const InfoChoice& choice) {
  InfoText text;
  for (size_t i = 0; i < kSections.size(); ++i) {
    if (!choice.has(i)) continue;
    text.section(kSections[i].title);
    kSections[i].write(facts, text);
  }
  return text.take();
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTP";
  if (bytes < 1024) return std::to_string(bytes) + "B";
  double value = static_cast<double>(bytes) / kKilo;
  size_t unit = 0;
  for (; value >= kKilo && unit + 1 < kUnits.size(); ++unit)
    value /= kKilo;
  return fixed_text(value, 2) + kUnits[unit];
}

}  // namespace kvstash::server
