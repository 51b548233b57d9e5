// RdbFile: a snapshot written as an RDB, to a file or to whoever takes its bytes.
//
// Blocking: called by the thread that saves, or that sends snapshots to replicas.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/node/snapshot_file.h"
#include "persist/rdb/file_writer.h"
#include "persist/snapshot/snapshot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::persist {

// What an RDB says of itself beside its data: everything as of the cut.
struct RdbFacts {
  std::string redis_version;
  int64_t unix_s = 0;
  uint64_t used_memory = 0;
  bool is_aof_base = false;
  // Where the stream of records goes on behind the data; none: there is no stream.
  struct Stream {
    std::string replid;
    uint64_t offset = 0;
    int64_t db = 0;
  };
  std::optional<Stream> stream{};
  std::vector<std::string> functions{};  // The codes of the libraries.
};

struct RdbFileOptions {
  bool is_compressed = true;
  bool has_checksum = true;
  SnapshotFileOptions file{};
};

// As pull_snapshot(): the bytes are an RDB. Of `options` the file's do not matter.
Status write_rdb(Snapshot& snapshot, const RdbFacts& facts, const RdbFileOptions& options,
                 const TakeBytes& take);

// Returns an RDB of the facts alone, without keys.
std::string rdb_without_keys(const RdbFacts& facts, unsigned version);

// As write_snapshot_file().
Result<uint64_t> write_rdb_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                const RdbFacts& facts, const RdbFileOptions& options);

// Makes the file `temporary`, which write_rdb_file() wrote, the file `path`: a crash leaves the old
// one or the new one. After an error `temporary` is gone, but the new file may have its name.
Status put_rdb_file(Disk& disk, const std::string& temporary, const std::string& path);

}  // namespace kvstash::persist
