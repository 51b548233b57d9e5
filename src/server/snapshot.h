// Taking snapshots: how the numbers of admin/snapshot.h are read from a running server.
//
// The shards are asked by message and answer on their own threads; no shard is parked.
#pragma once

#include "admin/snapshot.h"

#include <functional>

namespace kvstash::engine {
class Shard;
}

namespace kvstash::server {

class Server;

// Parts of a snapshot that are copied only on request, beyond the plain counters.
struct SnapshotDetail {
  bool clients = false;    // Walks over the shard's connections.
  bool latencies = false;  // A few KiB for each command that was used.
  bool keys = false;       // Names of hot and big keys.
};

// Reads the counters of one shard, on its thread or with it held.
admin::ShardCounters read_shard(engine::Shard& shard, const SnapshotDetail& detail, int64_t now_ms);

// Reads the counters of the process. Runs on any shard's thread, where options cannot change
// meanwhile. Takes some 50 us, because it asks the system.
admin::ProcessCounters read_process(Server& server);

// Makes a snapshot that has everything except the shards. Runs on any shard's thread.
admin::Snapshot describe_server(Server& server);

// Asks every shard for all counters and details. Calls `done` once, on some shard's thread, when
// all have answered; `done` must not block. Any thread.
void collect_snapshot(Server& server, std::function<void(admin::Snapshot)> done);

}  // namespace kvstash::server
