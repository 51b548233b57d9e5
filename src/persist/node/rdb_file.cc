#include "persist/node/rdb_file.h"

#include <memory>
#include <set>
#include <utility>

namespace kvstash::persist {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 18;
constexpr uint64_t kSyncBytes = uint64_t{32} << 20;

class RdbFile {
 public:
  RdbFile(DiskFile& file, Snapshot& snapshot, const RdbFileOptions& options)
      : file_(&file),
        snapshot_(&snapshot),
        options_(&options),
        writer_(out_, {.version = snapshot.rdb_version(),
                       .is_compressed = options.is_compressed,
                       .has_checksum = options.has_checksum}) {}

  void write_head(const RdbFacts& facts) {
    writer_.begin();
    writer_.aux("redis-ver", facts.redis_version);
    writer_.aux("redis-bits", "64");
    writer_.aux("ctime", std::to_string(facts.unix_s));
    writer_.aux("used-mem", std::to_string(facts.used_memory));
    if (facts.stream) {
      writer_.aux("repl-stream-db", std::to_string(facts.stream->db));
      writer_.aux("repl-id", facts.stream->replid);
      writer_.aux("repl-offset", std::to_string(facts.stream->offset));
    }
    writer_.aux("aof-base", facts.is_aof_base ? "1" : "0");
    for (const std::string& code : facts.functions)
      writer_.function(code);
  }

  Status write_data() {
    for (;;) {
      Result<std::optional<Chunk>> chunk = snapshot_->next();
      if (!chunk.ok()) return chunk.error();
      if (!*chunk) return {};
      select((*chunk)->db);
      writer_.entries(std::move((*chunk)->encoded));
      if (Status written = write_out(kWriteBytes); !written.ok()) return written;
      if (options_->pace) options_->pace();
    }
  }

  Status finish() {
    writer_.end();
    if (Status written = write_out(1); !written.ok()) return written;
    return file_->sync();
  }

  uint64_t bytes() const { return writer_.bytes(); }

 private:
  // Chunks of one database may come in several runs; its sizes stand before the first.
  void select(uint32_t db) {
    if (db_ == db) return;
    db_ = db;
    writer_.select_db(db);
    if (!sized_.insert(db).second) return;
    for (const Snapshot::Database& database : snapshot_->databases()) {
      if (database.db == db) writer_.resize_db(database.keys, database.keys_with_deadline);
    }
  }

  // Writes what is there to the file, if it is at least `bytes_min`.
  Status write_out(size_t bytes_min) {
    if (out_.size() < bytes_min) return {};
    if (Status written = write_all(*file_, out_); !written.ok()) return written;
    unsynced_ += out_.size();
    out_.clear();
    if (!options_->syncs_often || unsynced_ < kSyncBytes) return {};
    unsynced_ = 0;
    return file_->sync();
  }

  DiskFile* file_;
  Snapshot* snapshot_;
  const RdbFileOptions* options_;
  std::string out_;
  rdb::FileWriter writer_;
  std::optional<uint32_t> db_;
  std::set<uint32_t> sized_;
  uint64_t unsynced_ = 0;
};

}  // namespace

Result<uint64_t> write_rdb_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                const RdbFacts& facts, const RdbFileOptions& options) {
  const auto write = [&]() -> Result<uint64_t> {
    Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kReplace);
    if (!file.ok()) return file.error();
    RdbFile rdb(**file, snapshot, options);
    rdb.write_head(facts);
    if (Status written = rdb.write_data(); !written.ok()) return written.error();
    if (Status finished = rdb.finish(); !finished.ok()) return finished.error();
    if (Status closed = (*file)->close(); !closed.ok()) return closed.error();
    return rdb.bytes();
  };
  Result<uint64_t> bytes = write();
  if (bytes.ok()) return bytes;
  snapshot.let_go(std::string(bytes.error().message()));
  // The error that matters is the first.
  static_cast<void>(disk.remove(path).ok());
  return bytes;
}

Status put_rdb_file(Disk& disk, const std::string& temporary, const std::string& path) {
  if (Status renamed = disk.rename(temporary, path); !renamed.ok()) {
    static_cast<void>(disk.remove(temporary).ok());
    return renamed;
  }
  return disk.sync_directory(directory_of(path));
}

}  // namespace kvstash::persist
