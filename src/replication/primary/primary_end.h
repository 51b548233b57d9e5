// PrimaryEnd: the replicas of this node: what they ask for, what all of them are sent, and what
// they have acknowledged.
//
//   ReplicaSource   one for each connection of a replica, on its shard
//   FullSyncs       snapshots for those that cannot go on from where they are
//   ReplicaRoster   who they are, for all threads
//   SourceWakes     has connections sent to when the journal has gone on
//
// A thread of its own (kv-repl) does what is due with time while there are replicas, or a backlog.
#pragma once

#include "engine/shard.h"
#include "persist/journal/background_shell.h"
#include "persist/node/persistence.h"
#include "replication/node/node_history.h"
#include "replication/node/replication_facts.h"
#include "replication/options.h"
#include "replication/primary/full_syncs.h"
#include "replication/primary/replica_roster.h"
#include "replication/primary/replica_source.h"
#include "replication/primary/source_wakes.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::replication {

class PrimaryEnd {
 public:
  struct Setup {
    engine::ShardSet* set;  // This and the next ones outlive this object.
    persist::Persistence* persistence;
    NodeHistory* history;
  };

  PrimaryEnd(Setup setup, ReplicationOptions options);
  PrimaryEnd(const PrimaryEnd&) = delete;
  PrimaryEnd& operator=(const PrimaryEnd&) = delete;

  // ---- The server.
  // Sets what the thread calls each time that it looks after replicas. Before start().
  void on_tick(std::function<void()> then) { on_tick_ = std::move(then); }
  // Takes over options. Every shard is held, or none has begun.
  void take_up_options(ReplicationOptions options);
  // What was on the disk is loaded.
  void start();
  // Called when no command runs any more: ends the threads, and drops what connections have. The
  // shards still exist.
  void finish();

  // Closes the connections of all replicas, which then come back and ask anew. Every shard is held.
  void drop_replicas(std::string_view why);

  // ---- Commands, on the thread of the session's shard.
  // REPLCONF. An Error is the reply.
  Result<ReplconfReply> replconf(engine::Session& session, engine::Shard& shard,
                                 std::span<const std::string_view> argv);
  // PSYNC and SYNC: the connection is a replica's from now on, and answered by its source.
  // `offset`: of the first byte that it wants, counted from 1, as PSYNC tells it.
  void psync(engine::Session& session, engine::Shard& shard, std::string_view replid,
             int64_t offset);
  void sync(engine::Session& session, engine::Shard& shard);

  // ---- Any thread.
  uint64_t stream_end() const { return setup_.persistence->journal().range().end; }
  // How many replicas follow the stream, and how many of them have all of it.
  struct InSync {
    size_t online = 0;
    size_t in_sync = 0;
  };
  InSync in_sync() const;
  // True: the stream does not grow by signs of life, because a replica is to get to its end.
  void hold_pings(bool are_held) { holds_pings_ = are_held; }
  void tell(ReplicationFacts& facts) const;

 private:
  ReplicationOptions options() const;
  ReplicaSource& source_of(engine::Session& session, engine::Shard& shard);
  bool resume(ReplicaSource& source, std::string_view replid, int64_t offset);
  void wait_for_snapshot(ReplicaSource& source, bool is_silent);
  void note_change();
  void check_good(const ReplicationOptions& options);

  // ---- The thread.
  std::optional<int64_t> step();
  void tick_replicas(const ReplicationOptions& options, const std::vector<ReplicaEntry>& replicas);
  void ping(const ReplicationOptions& options, const std::vector<ReplicaEntry>& replicas);
  void keep_or_drop_backlog(const ReplicationOptions& options);
  int64_t now_ms() const;
  // Whether the stream is this node's own: that of a primary has its signs of life already.
  bool owns_stream() const { return !setup_.set->role().is_replica(); }

  Setup setup_;
  mutable std::mutex lock_;  // Held for a copy.
  ReplicationOptions options_;
  SourceWakes wakes_;
  ReplicaRoster roster_;
  FullSyncs full_syncs_;
  ReplicaSource::Shared shared_;
  std::atomic<uint64_t> partial_syncs_{0};
  std::atomic<uint64_t> refused_partial_syncs_{0};

  std::atomic<bool> holds_pings_{false};
  std::function<void()> on_tick_;

  // ---- The thread's.
  int64_t pinged_ms_ = 0;
  int64_t last_seen_ms_ = 0;  // When there was a replica.

  persist::BackgroundShell thread_;
};

}  // namespace kvstash::replication
