// Cuts: snapshots of all shards as of one moment, and their writing into files.
//
// A cut is made under a hold of all shards. Then each shard walks through its data in slices, at
// the end of its turns, while the saving thread writes what comes.
#pragma once

#include "base/result.h"
#include "engine/shard.h"
#include "persist/background_waits.h"
#include "persist/journal/journal.h"
#include "persist/node/node_context.h"
#include "persist/node/node_journal.h"
#include "persist/node/persist_facts.h"
#include "persist/node/rdb_file.h"
#include "persist/snapshot/shard_snapshots.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct Cut {
  std::shared_ptr<Snapshot> snapshot;  // Null: no mark was free, or the node ends.
  RdbFacts facts;
  JournalPlace place;    // Of the journal.
  uint64_t changes = 0;  // Since the start, as of the cut.
  bool is_compressed = true;
  bool is_rdb = true;  // Else commands are written: aof-use-rdb-preamble no.
};

struct CutOptions {
  bool is_aof_base = false;
  // The highest version of RDB that the reader is known to read; none: any.
  std::optional<unsigned> version_max{};
};

class Cuts {
 public:
  Cuts(NodeContext& node, BackgroundWaits& waits, const NodeJournal& journal);
  Cuts(const Cuts&) = delete;
  Cuts& operator=(const Cuts&) = delete;

  // ---- The saving thread, the loading thread, or the one that sends snapshots to replicas.
  // `at_cut` runs under the hold of all shards, with all records of before in the journal, and not
  // at all if no cut is made.
  Cut take(const CutOptions& options, const std::function<void()>& at_cut);
  // What an RDB says of the node, apart from keys. Every shard is held.
  RdbFacts facts() const;
  // ---- The saving thread, or the loading thread.
  // Writes the cut to a file that is replaced, and tells of its progress meanwhile. Returns the
  // bytes.
  Result<uint64_t> write(Cut& cut, const std::string& path);

  // ---- The thread that sends snapshots to replicas.
  // Hands the cut as an RDB to `take`, as pull_snapshot() does.
  Status send(Cut& cut, const TakeBytes& take);

  // ---- A shard's thread: some of its walks, as TurnWork::step().
  bool step(engine::Shard& shard, uint64_t turn_ns);

  // ---- Any thread.
  // Gives up the snapshot that is being written, if there is one.
  void give_up(std::string_view why);
  // The same of the one that is being sent.
  void give_up_sending(std::string_view why);
  bool is_writing() const;
  size_t bytes() const;         // Memory of both.
  uint64_t peak_bytes() const;  // The most that it was, or that of the last one.
  void tell(PersistFacts& facts) const;

  // Called when no thread of a shard runs any more: ends what is left of walks.
  void finish();

 private:
  void begin(Cut& cut, const CutOptions& options, const std::function<void()>& at_cut,
             const engine::Hold& hold);
  Snapshot::Options snapshot_options(const CutOptions& cut, const engine::Hold& hold);
  std::function<void()> pace(const Snapshot& snapshot);
  void wait_for_keys(const Snapshot& snapshot, size_t& seen);

  NodeContext* node_;
  BackgroundWaits* waits_;
  const NodeJournal* journal_;
  std::vector<std::unique_ptr<ShardSnapshots>> snapshots_;  // By shard.
  mutable std::mutex lock_;                                 // Held for a few instructions.
  std::shared_ptr<Snapshot> writing_;  // The snapshot that is being written; null: none.
  std::shared_ptr<Snapshot> sending_;  // The same of replicas'.
  uint64_t peak_bytes_ = 0;
  // Of the last snapshot: the longest turn of a shard that worked for it.
  int64_t turn_max_ns_ = 0;
};

}  // namespace kvstash::persist
