#include "admin/snapshot.h"

#include <algorithm>

namespace kvstash::admin {
namespace {

void add(engine::ShardStats& to, const engine::ShardStats& from) {
  static constexpr uint64_t engine::ShardStats::*kCounters[] = {
      &engine::ShardStats::commands,
      &engine::ShardStats::keyspace_hits,
      &engine::ShardStats::keyspace_misses,
      &engine::ShardStats::expired,
      &engine::ShardStats::expired_fields,
      &engine::ShardStats::expire_budgets_used,
      &engine::ShardStats::evicted,
      &engine::ShardStats::lazily_freed,
      &engine::ShardStats::net_input_bytes,
      &engine::ShardStats::net_output_bytes,
      &engine::ShardStats::reads,
      &engine::ShardStats::writes,
      &engine::ShardStats::connections_accepted,
      &engine::ShardStats::connections_closed_by_limit,
      &engine::ShardStats::input_limit_passed,
      &engine::ShardStats::output_limit_passed,
      &engine::ShardStats::unsent_limit_passed,
      &engine::ShardStats::error_replies,
      &engine::ShardStats::dirty,
      &engine::ShardStats::hops_sent,
      &engine::ShardStats::batches_sent,
      &engine::ShardStats::holds,
      &engine::ShardStats::transactions,
      &engine::ShardStats::park_ns,
      &engine::ShardStats::wakes,
      &engine::ShardStats::turns,
  };
  for (const auto counter : kCounters)
    to.*counter += from.*counter;
  to.turn_time.merge(from.turn_time);
  to.expire_lag.merge(from.expire_lag);
  for (const auto& [code, count] : from.errors)
    to.errors[code] += count;
}

void add(std::vector<CommandCounters>& to, const std::vector<CommandCounters>& from) {
  to.resize(std::max(to.size(), from.size()));
  for (size_t id = 0; id < from.size(); ++id) {
    to[id].calls += from[id].calls;
    to[id].usec += from[id].usec;
    to[id].rejected += from[id].rejected;
    to[id].failed += from[id].failed;
  }
}

// Adds the counters of `from`. Both lists are sorted by database number.
void add(std::vector<DbCounters>& to, const std::vector<DbCounters>& from) {
  for (const DbCounters& db : from) {
    const auto at = std::ranges::lower_bound(to, db.db, {}, &DbCounters::db);
    if (at == to.end() || at->db != db.db) {
      to.insert(at, db);
      continue;
    }
    const uint64_t expires = at->expires + db.expires;
    if (expires != 0) {
      const double sum = static_cast<double>(at->avg_ttl_ms) * static_cast<double>(at->expires) +
                         static_cast<double>(db.avg_ttl_ms) * static_cast<double>(db.expires);
      at->avg_ttl_ms = static_cast<int64_t>(sum / static_cast<double>(expires));
    }
    at->keys += db.keys;
    at->expires = expires;
    at->table_bytes += db.table_bytes;
  }
}

void add(ClientCounters& to, const ClientCounters& from) {
  to.input_max_bytes = std::max(to.input_max_bytes, from.input_max_bytes);
  to.output_max_bytes = std::max(to.output_max_bytes, from.output_max_bytes);
  to.bytes += from.bytes;
  to.unsent_bytes += from.unsent_bytes;
  to.held_back += from.held_back;
  to.under_way += from.under_way;
}

void add(PushCounters& to, const PushCounters& from) {
  to.channels += from.channels;
  to.shard_channels += from.shard_channels;
  to.patterns = std::max(to.patterns, from.patterns);
  to.subscribers += from.subscribers;
  to.tracking_clients += from.tracking_clients;
  to.tracked_keys += from.tracked_keys;
  to.tracked_items += from.tracked_items;
  to.prefixes = std::max(to.prefixes, from.prefixes);
}

}  // namespace

ShardCounters total(const std::vector<ShardCounters>& shards) {
  ShardCounters sum;
  for (const ShardCounters& shard : shards) {
    add(sum.stats, shard.stats);
    add(sum.dbs, shard.dbs);
    add(sum.commands, shard.commands);
    for (const auto& [id, latency] : shard.latencies)
      sum.latencies[id].merge(latency);
    add(sum.clients, shard.clients);
    add(sum.pushes, shard.pushes);
    sum.scripts.eval_vm_bytes += shard.scripts.eval_vm_bytes;
    sum.scripts.functions_vm_bytes += shard.scripts.functions_vm_bytes;
    sum.connections += shard.connections;
    sum.blocked_clients += shard.blocked_clients;
    sum.gated_clients += shard.gated_clients;
    sum.gated_ms = std::max(sum.gated_ms, shard.gated_ms);
    sum.blocked_with_timeout += shard.blocked_with_timeout;
    sum.blocking_keys += shard.blocking_keys;
    sum.blocking_keys_without_key += shard.blocking_keys_without_key;
    sum.data_bytes += shard.data_bytes;
    sum.commands_per_s += shard.commands_per_s;
    sum.input_bytes_per_s += shard.input_bytes_per_s;
    sum.output_bytes_per_s += shard.output_bytes_per_s;
    sum.turns_per_s += shard.turns_per_s;
    sum.turn_ns_per_s += shard.turn_ns_per_s;
    sum.slowlog_length += shard.slowlog_length;
    sum.slowlog_last_id = std::max(sum.slowlog_last_id, shard.slowlog_last_id);
    sum.hot_keys.insert(sum.hot_keys.end(), shard.hot_keys.begin(), shard.hot_keys.end());
    sum.big_keys.insert(sum.big_keys.end(), shard.big_keys.begin(), shard.big_keys.end());
  }
  engine::keep_hottest(sum.hot_keys, engine::HotKeys::kTracked);
  return sum;
}

}  // namespace kvstash::admin
