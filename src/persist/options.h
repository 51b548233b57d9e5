// PersistOptions: what an operator may choose about data on disk.
//
// A plain value; server/directives_persistence.cc gives every field its redis.conf name. Options
// change only while every shard is held; threads of this room that need one get a copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvstash::persist {

// Save when at least `changes` were made and `seconds` have passed since the last save.
struct SavePoint {
  int64_t seconds = 0;
  int64_t changes = 0;

  bool operator==(const SavePoint&) const = default;
};

enum class FsyncPolicy : uint8_t { kNo, kAlways, kEverysec };

struct PersistOptions {
  std::vector<SavePoint> save = {{3600, 1}, {300, 100}, {60, 10'000}};
  std::string dbfilename = "dump.rdb";
  bool rdbchecksum = true;
  bool rdb_del_sync_files = false;
  bool rdb_save_incremental_fsync = true;
  uint64_t snapshot_spill_size = uint64_t{1} << 30;  // Bytes; 0: snapshots do not spill.
  int64_t rdb_key_save_delay_us = 0;
  int64_t key_load_delay_us = 0;
  int64_t loading_process_events_interval_bytes = int64_t{2} << 20;
  bool stop_writes_on_bgsave_error = true;
  bool appendonly = false;
  std::string appendfilename = "appendonly.aof";
  std::string appenddirname = "appendonlydir";
  FsyncPolicy appendfsync = FsyncPolicy::kEverysec;
  bool no_appendfsync_on_rewrite = false;
  int64_t auto_aof_rewrite_percentage = 100;
  uint64_t auto_aof_rewrite_min_size = uint64_t{64} << 20;
  bool aof_rewrite_incremental_fsync = true;
  bool aof_load_truncated = true;
  bool aof_use_rdb_preamble = true;
  uint64_t repl_disk_backlog_size = 0;
  bool aof_timestamp_enabled = false;
  bool aof_disable_auto_gc = false;

  bool operator==(const PersistOptions&) const = default;
};

}  // namespace kvstash::persist
