// Taking snapshots: how the numbers of admin/snapshot.h are read from a running server.
//
// Shards are asked by message and answer on their own threads; nobody is parked.
#pragma once

#include "admin/snapshot.h"

#include <functional>

namespace kvstash::engine {
class Shard;
}

namespace kvstash::server {

class Server;

// What to copy beyond the plain counters.
struct SnapshotDetail {
  bool clients = false;    // Walks over the shard's connections.
  bool latencies = false;  // A few KiB for each command that was used.
  bool keys = false;       // Names of hot and big keys.
};

// On the shard's thread, or with the shard held.
admin::ShardCounters read_shard(engine::Shard& shard, const SnapshotDetail& detail, int64_t now_ms);

// On any shard's thread: options stand still there. Asks the system; some 50 us.
admin::ProcessCounters read_process(Server& server);

// The rest of a snapshot, without the shards. On any shard's thread.
admin::Snapshot describe_server(Server& server);

// Any thread: asks every shard for everything, and calls `done` once, on some shard's thread, when
// all have answered. `done` must not block.
void collect_snapshot(Server& server, std::function<void(admin::Snapshot)> done);

}  // namespace kvstash::server
