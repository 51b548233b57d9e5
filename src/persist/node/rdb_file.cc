#include "persist/node/rdb_file.h"

#include <optional>
#include <set>
#include <utility>

namespace kvstash::persist {
namespace {

void write_head(rdb::FileWriter& to, const RdbFacts& facts) {
  to.begin();
  to.aux("redis-ver", facts.redis_version);
  to.aux("redis-bits", "64");
  to.aux("ctime", std::to_string(facts.unix_s));
  to.aux("used-mem", std::to_string(facts.used_memory));
  if (facts.stream) {
    to.aux("repl-stream-db", std::to_string(facts.stream->db));
    to.aux("repl-id", facts.stream->replid);
    to.aux("repl-offset", std::to_string(facts.stream->offset));
  }
  to.aux("aof-base", facts.is_aof_base ? "1" : "0");
  for (const std::string& code : facts.functions)
    to.function(code);
}

class RdbForm final : public SnapshotForm {
 public:
  RdbForm(std::string& out, const Snapshot& snapshot, const RdbFacts& facts,
          const RdbFileOptions& options)
      : snapshot_(&snapshot),
        writer_(out, {.version = snapshot.rdb_version(),
                      .is_compressed = options.is_compressed,
                      .has_checksum = options.has_checksum}) {
    write_head(writer_, facts);
  }

  void add(Chunk chunk) override {
    select(chunk.db);
    writer_.entries(std::move(chunk.encoded));
  }

  Status end() override {
    writer_.end();
    return {};
  }

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

  const Snapshot* snapshot_;
  rdb::FileWriter writer_;
  std::optional<uint32_t> db_;
  std::set<uint32_t> sized_;
};

}  // namespace

Status write_rdb(Snapshot& snapshot, const RdbFacts& facts, const RdbFileOptions& options,
                 const TakeBytes& take) {
  std::string out;
  RdbForm form(out, snapshot, facts, options);
  return pull_snapshot(snapshot, form, out, take);
}

std::string rdb_without_keys(const RdbFacts& facts, unsigned version) {
  std::string out;
  rdb::FileWriter writer(out, {.version = version});
  write_head(writer, facts);
  writer.end();
  return out;
}

Result<uint64_t> write_rdb_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                const RdbFacts& facts, const RdbFileOptions& options) {
  std::string out;
  RdbForm form(out, snapshot, facts, options);
  return write_snapshot_file(disk, path, snapshot, form, out, options.file);
}

Status put_rdb_file(Disk& disk, const std::string& temporary, const std::string& path) {
  if (Status renamed = disk.rename(temporary, path); !renamed.ok()) {
    static_cast<void>(disk.remove(temporary).ok());
    return renamed;
  }
  return disk.sync_directory(directory_of(path));
}

}  // namespace kvstash::persist
