// ReplicaSource: the primary's end of a connection of a replica: what the replica has said of
// itself, and what it is fed with: answers to PSYNC, the snapshot, and the stream behind it.
//
//   greets ── PSYNC ──┬─ begin_stream() ────────────────────────────────────> online
//                     └─ begin_waiting() ─> waits ─ begin_snapshot() ─> receives ──^
//
// Owned by the connection's session. Used on the thread of the session's shard, or by a thread that
// holds that shard.
#pragma once

#include "engine/client/output_source.h"
#include "engine/client/session.h"
#include "replication/options.h"
#include "replication/primary/replica_roster.h"
#include "replication/primary/snapshot_feed.h"
#include "replication/primary/source_wakes.h"
#include "replication/primary/stream_cursor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::engine {
class Shard;
}

namespace kvstash::replication {

class ReplicaSource final : public engine::OutputSource {
 public:
  // What all sources of a node share; outlives them.
  struct Shared {
    const persist::Journal* journal;
    ReplicaRoster* roster;
    SourceWakes* wakes;
  };

  // The session's connection lives on `shard`, and the session owns this object.
  ReplicaSource(const Shared& shared, engine::Session& session, engine::Shard& shard);
  ~ReplicaSource() override;
  ReplicaSource(const ReplicaSource&) = delete;
  ReplicaSource& operator=(const ReplicaSource&) = delete;

  const ReplicaEntry& entry() const { return entry_; }
  // What REPLCONF changes. note_acked() is called behind an acknowledgement, note_facts() behind
  // anything else.
  ReplicaFacts& facts() { return entry_.facts; }
  void note_facts();
  void note_acked();

  // ---- What PSYNC led to.
  // The replica goes on from where `cursor` stands. `answer`: the line before the stream.
  void begin_stream(std::string answer, std::unique_ptr<StreamCursor> cursor);
  // The replica waits for a snapshot. `is_silent`: it asked by SYNC, and acknowledges nothing.
  void begin_waiting(bool is_silent);
  // What it is sent from now on.
  struct Sync {
    std::string answer;  // The line before the snapshot; empty for SYNC.
    std::shared_ptr<SnapshotFeed> feed;
    bool has_mark = false;                 // The end of the snapshot is told by a mark.
    std::unique_ptr<StreamCursor> cursor;  // The stream behind it; null: none is wanted.
  };
  void begin_snapshot(Sync sync);

  // To be called some times a second: closes the connection if the replica is silent or too far
  // behind, and keeps the link alive while there is nothing to send.
  void tick(const ReplicationOptions& options);

  // ---- OutputSource.
  bool is_replica() const override { return entry_.state != ReplicaState::kGreets; }
  bool has_more() const override;
  std::string_view next(size_t bytes_max) override;

 private:
  void set_state(ReplicaState state);
  bool streams() const { return entry_.state == ReplicaState::kOnline && !awaits_ack_; }
  std::string_view give(std::string text);
  std::string_view next_of_snapshot(size_t bytes_max);
  void end_snapshot();
  void close(std::string reason);
  void check_time(const ReplicationOptions& options);
  void check_lag(const ReplicationOptions& options);
  int64_t mono_ms() const;

  Shared shared_;
  engine::Session* session_;
  engine::Shard* shard_;
  ReplicaEntry entry_;
  std::string text_;   // What goes out before anything else.
  std::string given_;  // What next() returned last, if it was text.
  std::optional<SnapshotFeed::Reader> snapshot_;
  SnapshotFeed::Piece piece_;
  size_t piece_at_ = 0;
  bool was_fed_ = false;  // With bytes of the snapshot.
  bool has_mark_ = false;
  bool awaits_ack_ =
      false;  // A replica finds the end of its snapshot before the stream may follow.
  std::unique_ptr<StreamCursor> cursor_;
  int64_t newline_ms_ = 0;  // When the last empty line was sent.
  int64_t over_soft_since_ms_ =
      0;  // Since when it is further behind than the soft limit; 0: it is not.
};

}  // namespace kvstash::replication
