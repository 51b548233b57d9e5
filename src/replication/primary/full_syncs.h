// FullSyncs: the snapshots for replicas that cannot go on from where they are, one after the other,
// on a thread of its own (kv-repl-sync).
//
//   replicas that wait ──> one group, one cut ──> SnapshotFeed ──> their connections
//
// Replicas that take the same kind of snapshot and ask within repl-diskless-sync-delay share one.
// Its bytes go straight to their connections, or through a file without a name: because the
// operator wishes so, or because a replica has to know their number before. What a slow replica
// does not take of it makes its maker wait, and the snapshot spills what changes meanwhile; a
// replica that takes nothing is closed by its source.
#pragma once

#include "persist/journal/background_shell.h"
#include "persist/node/cuts.h"
#include "persist/node/persistence.h"
#include "replication/options.h"
#include "replication/primary/replica_roster.h"
#include "replication/primary/replica_source.h"
#include "replication/primary/snapshot_feed.h"
#include "replication/primary/source_wakes.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::replication {

class FullSyncs {
 public:
  struct Setup {
    engine::ShardSet* set;  // This and the next ones outlive this object.
    persist::Persistence* persistence;
    ReplicaRoster* roster;
    SourceWakes* wakes;
    std::function<ReplicationOptions()> options;
  };

  explicit FullSyncs(Setup setup) : setup_(std::move(setup)) {}
  FullSyncs(const FullSyncs&) = delete;
  FullSyncs& operator=(const FullSyncs&) = delete;

  // ---- Any thread.
  // A replica waits for a snapshot, or options have changed.
  void wake();
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }

  // Called when no shard's thread runs any more: ends the thread.
  void finish();

 private:
  // What a group shares.
  struct Kind {
    bool has_mark = false;  // Else its size is told before.
    bool reads_any_version = false;
    SnapshotFilter filter = SnapshotFilter::kAll;

    bool operator==(const Kind&) const = default;
  };

  Kind kind_of(const ReplicaFacts& facts, const ReplicationOptions& options) const;
  std::optional<int64_t> step();
  bool run(const std::vector<ReplicaEntry>& group, const Kind& kind);
  Status send(persist::Cut& cut, const Kind& kind);
  Status send_through_file(persist::Cut& cut);
  Status send_without_keys(persist::RdbFacts facts, const Kind& kind);
  void end_feed(const Status& done);
  void begin_feed(const std::vector<ReplicaEntry>& group, const Kind& kind);
  engine::Session* session_of(const ReplicaEntry& entry);
  std::string new_mark();
  int64_t now_ns() const { return setup_.set->clock().monotonic_ns(); }

  Setup setup_;
  std::atomic<uint64_t> count_{0};

  // ---- The thread's.
  std::weak_ptr<persist::Snapshot> last_;  // The shards have not forgotten the last snapshot yet.

  std::mutex lock_;                     // Held for a few instructions, and to change feed_.
  std::shared_ptr<SnapshotFeed> feed_;  // Of the present group; null: there is none.
  bool is_started_ = false;
  bool has_ended_ = false;

  persist::BackgroundShell thread_;
};

}  // namespace kvstash::replication
