// PersistFacts: what INFO and the metrics tell about data on disk. A plain value.
#pragma once

#include <cstdint>
#include <string>

namespace kvstash::persist {

struct PersistFacts {
  // Loading.
  bool is_loading = false;
  int64_t load_began_s = 0;
  uint64_t load_bytes_total = 0;
  uint64_t load_bytes = 0;
  uint64_t load_keys = 0;
  uint64_t load_keys_expired = 0;

  // Snapshots.
  bool is_saving = false;
  bool is_save_scheduled = false;
  int64_t save_began_s = 0;
  bool was_save_ok = true;
  int64_t save_time_s = -1;  // Of the last one; -1: there was none.
  uint64_t saves = 0;
  int64_t last_save_s = 0;
  uint64_t changes_saved = 0;  // Changes since the start that are in the last one.
  // The snapshot that is under way, of a save or of a rewrite.
  uint64_t keys_total = 0;
  uint64_t keys_done = 0;
  uint64_t snapshot_bytes = 0;  // Memory: what waits to be written, and what was kept for it.
  uint64_t spilled_bytes = 0;   // On disk: what changed, and neither the file took nor memory has.
  // Processor time of the longest turn of a shard meanwhile, or during the last one.
  int64_t snapshot_turn_max_ns = 0;
  // The most that it was, as far as the saving thread has looked: of the snapshot that is under
  // way or was the last, of the last save, of the last rewrite.
  uint64_t snapshot_peak_bytes = 0;
  uint64_t save_peak_bytes = 0;
  uint64_t rewrite_peak_bytes = 0;

  // The append-only log.
  bool is_aof_on = false;
  bool is_rewriting = false;
  bool is_rewrite_scheduled = false;
  int64_t rewrite_began_s = 0;
  int64_t rewrite_time_s = -1;
  bool was_rewrite_ok = true;
  uint64_t rewrites = 0;
  uint64_t rewrite_failures = 0;  // In a row.
  bool is_aof_ok = true;
  std::string aof_error;
  uint64_t aof_bytes = 0;
  uint64_t aof_base_bytes = 0;
  uint64_t aof_kept_bytes = 0;      // Increments older than the base, kept for replicas.
  uint64_t aof_pending_bytes = 0;   // Recorded and not written.
  uint64_t aof_unsynced_bytes = 0;  // Recorded and not synced.
  int64_t aof_unsynced_ms = 0;      // The age of the oldest of them.
  bool is_sync_pending = false;
  uint64_t delayed_syncs = 0;
  uint64_t syncs = 0;
  uint64_t aof_failures = 0;

  // The journal.
  uint64_t offset = 0;         // Where it ends.
  uint64_t journal_bytes = 0;  // Memory.

  uint64_t uncounted_bytes = 0;  // Memory of all this, for which nothing is evicted.
};

}  // namespace kvstash::persist
