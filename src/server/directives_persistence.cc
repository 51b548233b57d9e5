#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr ValueWord kFsyncWords[] = {
    {"everysec", static_cast<int64_t>(FsyncPolicy::kEverysec)},
    {"always", static_cast<int64_t>(FsyncPolicy::kAlways)},
    {"no", static_cast<int64_t>(FsyncPolicy::kNo)},
};

constexpr std::string_view kDbfilenamePath = "dbfilename can't be a path, just a filename";

bool is_path(std::string_view text) {
  return text.find('/') != std::string_view::npos;
}

Status check_dbfilename(Words words, SetFrom) {
  if (is_path(words[0])) return Error::literal(kDbfilenamePath);
  return {};
}

Status check_appendfilename(Words words, SetFrom) {
  if (words[0].empty()) return Error::literal("appendfilename can't be empty");
  if (is_path(words[0])) return Error::literal("appendfilename can't be a path, just a filename");
  return {};
}

Status check_appenddirname(Words words, SetFrom) {
  if (words[0].empty()) return Error::literal("appenddirname can't be empty");
  if (is_path(words[0])) return Error::literal("appenddirname can't be a path, just a dirname");
  return {};
}

constexpr Directive kSnapshotRows[] = {
    {.name = "save",
     .kind = kSpecial,
     .slot = kSaveSlot,
     .about = "Save a snapshot once so many seconds have passed and so many changes were made; "
              "pairs of the two, any of which is enough. \"\": never. The defaults save after an "
              "hour with one change, five minutes with 100, a minute with 10000.",
     .flags = kMultiArg | kAccumulates},
    {.name = "dbfilename",
     .kind = kString,
     .slot = field<&PersistOptions::dbfilename>,
     .about = "Name of the snapshot in dir.",
     .flags = kProtected,
     .check = check_dbfilename},
    {.name = "rdbcompression",
     .kind = kBool,
     .slot = field<&engine::EngineOptions::rdbcompression>,
     .about = "Compress strings in snapshots: smaller files for some processor time."},
    {.name = "rdb-version",
     .kind = kInteger,
     .slot = field<&engine::EngineOptions::rdb_version>,
     .about = "The version of the format of snapshots and of DUMP. 11: that of Redis 7.2; what "
              "needs version 12, which is fields with deadlines, gets it. 10: the highest that "
              "Redis 7.0 reads; what does not fit it is refused.",
     .min = 10,
     .max = 11},
    {.name = "rdbchecksum",
     .kind = kBool,
     .slot = field<&PersistOptions::rdbchecksum>,
     .about = "End snapshots with a checksum, and check it when loading. It costs little; keep "
              "it.",
     .flags = kImmutable},
    {.name = "stop-writes-on-bgsave-error",
     .kind = kBool,
     .slot = field<&PersistOptions::stop_writes_on_bgsave_error>,
     .about = "Refuse writes after a snapshot failed, so that somebody notices before it matters. "
              "Turn it off where monitoring does that."},
    {.name = "rdb-save-incremental-fsync",
     .kind = kBool,
     .slot = field<&PersistOptions::rdb_save_incremental_fsync>,
     .about = "Sync a snapshot to disk every few megabytes while it is written, instead of in one "
              "long pause at its end."},
    {.name = "snapshot-spill-size",
     .kind = kMemory,
     .slot = field<&PersistOptions::snapshot_spill_size>,
     .about = "How much a snapshot or rewrite whose file is written too slowly may put into a "
              "scratch file in dir: what clients change before it is written, past 24 MiB of "
              "memory. If that is full, the snapshot is given up. 0: no such file.",
     .max = kInt64Max},
    {.name = "rdb-del-sync-files",
     .kind = kBool,
     .slot = field<&PersistOptions::rdb_del_sync_files>,
     .about = "Without save points and append only file, delete the snapshot files that "
              "replication needed, for those who must not keep data on disk.",
     .inert = "there is no replication yet"},
};

constexpr Directive kAofRows[] = {
    {.name = "appendonly",
     .kind = kBool,
     .slot = field<&PersistOptions::appendonly>,
     .about = "Log every change to disk. With it a crash of the server loses nothing that was "
              "answered, and a power cut what appendfsync says; with snapshots alone both lose "
              "everything since the last one. May be switched while the server runs.",
     .flags = kDenyLoading},
    {.name = "appendfilename",
     .kind = kString,
     .slot = field<&PersistOptions::appendfilename>,
     .about = "What the names of the log's files begin with.",
     .flags = kImmutable,
     .check = check_appendfilename},
    {.name = "appenddirname",
     .kind = kString,
     .slot = field<&PersistOptions::appenddirname>,
     .about = "The directory in dir that holds them: base, increments and manifest.",
     .flags = kImmutable,
     .check = check_appenddirname},
    {.name = "appendfsync",
     .kind = kEnum,
     .slot = enum_field<&PersistOptions::appendfsync>,
     .about = "When changes reach the disk for certain: always before the client is answered, one "
              "sync serving all who wait; everysec within a second, or two while the disk is slow; "
              "no when the kernel pleases. Whatever it is, the kernel has a change before the "
              "client is answered.",
     .words = kFsyncWords},
    {.name = "no-appendfsync-on-rewrite",
     .kind = kBool,
     .slot = field<&PersistOptions::no_appendfsync_on_rewrite>,
     .about = "Do not sync the log while a snapshot or rewrite keeps the disk busy. Less latency "
              "then, for the risk of losing more than a second."},
    {.name = "auto-aof-rewrite-percentage",
     .kind = kInteger,
     .slot = field<&PersistOptions::auto_aof_rewrite_percentage>,
     .about = "Rewrite the log when it has grown by so many per cent since the last time. 0: "
              "only when asked.",
     .max = kIntMax},
    {.name = "auto-aof-rewrite-min-size",
     .kind = kMemory,
     .slot = field<&PersistOptions::auto_aof_rewrite_min_size>,
     .about = "Do not bother below this size.",
     .max = kInt64Max},
    {.name = "repl-disk-backlog-size",
     .kind = kMemory,
     .slot = field<&PersistOptions::repl_disk_backlog_size>,
     .about = "Keep increments of the log that are older than its base, the newest up to so many "
              "bytes, for replicas that were away for long. Redis and a start pass them over. Less "
              "holds from the next rewrite on.",
     .max = kInt64Max},
    {.name = "aof-rewrite-incremental-fsync",
     .kind = kBool,
     .slot = field<&PersistOptions::aof_rewrite_incremental_fsync>,
     .about = "Sync a rewrite every few megabytes, as rdb-save-incremental-fsync does."},
    {.name = "aof-load-truncated",
     .kind = kBool,
     .slot = field<&PersistOptions::aof_load_truncated>,
     .about = "Start although the log ends in the middle of a record, as after a power cut; the "
              "piece is cut off and reported. no: refuse to start. Damage to what is known to have "
              "been on the disk is always refused."},
    {.name = "aof-use-rdb-preamble",
     .kind = kBool,
     .slot = field<&PersistOptions::aof_use_rdb_preamble>,
     .about = "Write the base of the log as a snapshot, which is smaller and loads faster than "
              "commands. no: as commands, which every version of Redis reads. Either base is read "
              "all the same."},
    {.name = "aof-timestamp-enabled",
     .kind = kBool,
     .slot = field<&PersistOptions::aof_timestamp_enabled>,
     .about = "Note the time in the log, so that kvstash --check-aof --truncate-to-timestamp can "
              "cut it at a moment of the past. Redis before 7.0 does not know these notes."},
    {.name = "aof-disable-auto-gc",
     .kind = kBool,
     .slot = field<&PersistOptions::aof_disable_auto_gc>,
     .about = "Keep the files that a rewrite has replaced, for those who copy them elsewhere.",
     .inert = "they are removed; copy files by hard links, which outlive that"},
};

}  // namespace

DirectiveGroup snapshot_directives() {
  return {"Snapshots", "The whole data set in one file, now and then.", kSnapshotRows};
}

DirectiveGroup aof_directives() {
  return {"Append only file", "Every change, as it happens.", kAofRows};
}

}  // namespace kvstash::server
