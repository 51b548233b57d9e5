#include "server/snapshot.h"

#include "base/clock.h"
#include "engine/shard.h"
#include "net/file.h"
#include "persist/node/persistence.h"
#include "replication/node/replication.h"
#include "scripting/scripting.h"
#include "server/sentinel_node.h"
#include "server/server.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace kvstash::server {
namespace {

constexpr unsigned kTtlSamples = 16;

// The mean remaining time of a few random keys.
int64_t sample_ttl(const store::Keyspace& space, int64_t now_ms, Random& random) {
  unsigned __int128 sum = 0;  // Clients choose deadlines, so a sum may exceed 64 bits.
  unsigned count = 0;
  for (unsigned i = 0; i < kTtlSamples; ++i) {
    const store::Entry* entry = space.deadlines().sample(random);
    if (entry == nullptr) continue;
    if (entry->deadline_ms() > now_ms)
      sum += static_cast<uint64_t>(entry->deadline_ms()) - static_cast<uint64_t>(now_ms);
    ++count;
  }
  return count == 0 ? 0 : static_cast<int64_t>(sum / count);
}

std::vector<admin::DbCounters> read_databases(engine::Shard& shard, int64_t now_ms) {
  std::vector<admin::DbCounters> dbs;
  shard.data().each_keyspace([&](engine::DbIndex db, const store::Keyspace& space) {
    if (space.size() == 0) return;
    dbs.push_back({.db = static_cast<uint32_t>(db),
                   .keys = space.size(),
                   .expires = space.deadlines().size(),
                   .avg_ttl_ms = sample_ttl(space, now_ms, shard.random()),
                   .table_bytes = space.table().bytes()});
  });
  return dbs;
}

admin::ClientCounters read_clients(const engine::Shard& shard) {
  admin::ClientCounters clients;
  for (const auto& [id, session] : shard.clients().all()) {
    const uint64_t input = session->end - session->begin;
    clients.input_max_bytes = std::max(clients.input_max_bytes, input);
    clients.output_max_bytes =
        std::max<uint64_t>(clients.output_max_bytes, session->unsent_bytes());
    clients.bytes += session->total_bytes();
    clients.unsent_bytes += session->unsent_bytes();
    clients.held_back += (session->stopped & engine::kStopOutput) != 0 ? 1 : 0;
    clients.under_way += session->under_way;
  }
  return clients;
}

admin::PushCounters read_pushes(const engine::Shard& shard) {
  using engine::ChannelKind;
  const engine::PubSub& pubsub = shard.pubsub();
  const engine::Tracking& tracking = shard.tracking();
  return {.channels = pubsub.owned_count(ChannelKind::kChannel),
          .shard_channels = pubsub.owned_count(ChannelKind::kShardChannel),
          .patterns = pubsub.audiences().names(ChannelKind::kPattern).size(),
          .subscribers = pubsub.subscriptions().session_count(),
          .tracking_clients = tracking.session_count(),
          .tracked_keys = tracking.key_count(),
          .tracked_items = tracking.item_count(),
          .prefixes = tracking.prefix_count()};
}

std::vector<admin::BigKeyCounters> read_big_keys(engine::Shard& shard) {
  std::vector<admin::BigKeyCounters> keys;
  shard.data().each_keyspace([&keys](engine::DbIndex db, store::Keyspace& space) {
    for (store::BigKey& key : space.big_keys())
      keys.push_back({.db = static_cast<uint32_t>(db),
                      .type = store::type_name(key.type),
                      .name = std::move(key.name),
                      .bytes = key.bytes,
                      .elements = key.elements});
  });
  return keys;
}

void read_commands(engine::Shard& shard, bool with_latencies, admin::ShardCounters& to) {
  const engine::CommandTable& table = shard.set().commands();
  to.commands.resize(table.size());
  for (uint32_t id = 0; id < table.size(); ++id) {
    const engine::CommandStats& from = shard.telemetry().of(table.by_id(id));
    to.commands[id] = {.calls = from.calls,
                       .usec = from.ns / 1000,
                       .rejected = from.rejected,
                       .failed = from.failed};
    if (with_latencies && from.latency != nullptr) to.latencies[id].merge(*from.latency);
  }
}

admin::CpuSeconds cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {.system = seconds(usage.ru_stime), .user = seconds(usage.ru_utime)};
}

std::string os_name() {
  utsname name{};
  uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

}  // namespace

admin::ShardCounters read_shard(engine::Shard& shard, const SnapshotDetail& detail,
                                int64_t now_ms) {
  shard.publish_memory();  // So that read_process, which is called last, reads the present bytes.
  admin::ShardCounters counters;
  counters.stats = shard.stats();
  counters.dbs = read_databases(shard, now_ms);
  read_commands(shard, detail.latencies, counters);
  if (detail.clients) counters.clients = read_clients(shard);
  counters.pushes = read_pushes(shard);
  const scripting::Scripting& scripting = shard.set().scripting();
  counters.scripts = {.eval_vm_bytes = scripting.eval_vm_bytes(shard.id()),
                      .functions_vm_bytes = scripting.functions_vm_bytes(shard.id())};
  counters.connections = shard.clients().all().size();
  counters.blocked_clients = shard.waits().sessions().size() + shard.clients().paused();
  counters.blocked_with_timeout = shard.waits().sessions().with_deadline();
  counters.blocking_keys = shard.data().blocked_keys().size();
  counters.blocking_keys_without_key = shard.data().blocked_keys().size_without_key();
  const engine::Gate& gate = shard.release().gate();
  counters.gated_clients = gate.waiting();
  if (const auto since_ms = gate.oldest_ms())
    counters.gated_ms = std::max<int64_t>(now_ms - *since_ms, 0);
  counters.data_bytes = shard.data().bytes();
  const engine::ShardRates& rates = shard.telemetry().rates();
  counters.commands_per_s = rates.commands.per_second();
  counters.input_bytes_per_s = rates.input_bytes.per_second();
  counters.output_bytes_per_s = rates.output_bytes.per_second();
  counters.turns_per_s = rates.turns.per_second();
  counters.turn_ns_per_s = rates.turn_ns.per_second();
  const auto& slowlog = shard.telemetry().slowlog().entries();
  counters.slowlog_length = slowlog.size();
  if (!slowlog.empty()) counters.slowlog_last_id = slowlog.front().id;
  if (detail.keys) {
    counters.hot_keys = shard.data().hot_keys().hottest(now_ms);
    counters.big_keys = read_big_keys(shard);
  }
  return counters;
}

admin::ProcessCounters read_process(Server& server) {
  engine::ShardSet& shards = server.shards();
  admin::ProcessCounters process;
  process.used_memory = shards.measure_memory();
  process.allocator = allocator_stats();
  process.peak_memory = shards.peak_memory();
  process.start_memory = shards.start_memory();
  process.resident_memory = resident_bytes();
  process.system_memory = shards.usable_memory();
  process.unsent_limit = shards.unsent_limit();
  process.lazyfree_pending = shards.reaper().pending();
  if (const HugePages* pages = shards.huge_pages(); pages != nullptr) {
    process.uses_huge_pages = HugePages::are_available();
    process.huge_pages_bytes = pages->bytes();
  }
  process.rejected_connections = server.rejected_connections();
  process.persist = server.persistence().facts();
  process.replication = server.replication().facts();
  const engine::AclLog& denials = shards.acl().log();
  process.denied_logins = denials.denied(engine::AclReason::kAuth);
  process.denied_commands = denials.denied(engine::AclReason::kCommand);
  process.denied_keys = denials.denied(engine::AclReason::kKey);
  process.denied_channels = denials.denied(engine::AclReason::kChannel);
  const scripting::Scripting& scripting = shards.scripting();
  process.cached_scripts = scripting.cache().count();
  process.cached_scripts_bytes = scripting.cache().bytes();
  process.libraries = scripting.libraries().size();
  process.functions = scripting.libraries().function_count();
  process.libraries_bytes = scripting.libraries().bytes();
  process.cpu = cpu_seconds(RUSAGE_SELF);
  process.cpu_children = cpu_seconds(RUSAGE_CHILDREN);
  process.cpu_main_thread = cpu_seconds(RUSAGE_THREAD);
  process.now_ms = to_ms(wall_now());
  const engine::ShardSet::ExceededMs exceeded = shards.exceeded_ms(process.now_ms);
  process.exceeded_total_ms = exceeded.total;
  process.exceeded_current_ms = exceeded.current;
  process.started_ms = server.run_info().started_ms;
  if (const auto end = server.tls_not_after()) process.tls_not_after_ms = to_ms(*end);
  return process;
}

admin::Snapshot describe_server(Server& server) {
  const ServerOptions& options = server.options();
  admin::Snapshot snapshot;
  snapshot.process = read_process(server);
  snapshot.is_serving = !server.is_stopping();
  if (server.sentinel() != nullptr) snapshot.sentinel = server.sentinel()->counters();
  snapshot.commands = &server.shards().commands();
  snapshot.version = kVersion;
  snapshot.redis_version = kRedisVersion;
  snapshot.os = os_name();
  snapshot.run_id = server.run_info().run_id;
  snapshot.tcp_port = server.tcp_port();
  snapshot.max_clients = static_cast<uint64_t>(options.net.maxclients);
  snapshot.max_memory = options.engine.maxmemory_bytes;
  snapshot.percentiles = options.engine.latency_tracking_info_percentiles;
  return snapshot;
}

void collect_snapshot(Server& server, std::function<void(admin::Snapshot)> done) {
  struct Collection {
    std::vector<admin::ShardCounters> parts;
    std::atomic<size_t> missing;
    std::function<void(admin::Snapshot)> done;
  };
  engine::ShardSet& shards = server.shards();
  auto collection = std::make_shared<Collection>();
  collection->parts.resize(shards.size());
  collection->missing = shards.size();
  collection->done = std::move(done);
  // Each shard fills in its own part. The last one to do so adds the process and calls `done`.
  for (size_t id = 0; id < shards.size(); ++id) {
    shards.submit(id, [&server, collection](engine::Shard& shard) {
      collection->parts[shard.id()] =
          read_shard(shard, {.clients = true, .latencies = true, .keys = true}, shard.now_ms());
      if (collection->missing.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      admin::Snapshot snapshot = describe_server(server);
      snapshot.shards = std::move(collection->parts);
      collection->done(std::move(snapshot));
    });
  }
}

}  // namespace kvstash::server
