// CommandFile: a snapshot written to a file as the commands that make its data: the base of a log
// without an RDB (aof-use-rdb-preamble no).
//
// Blocking: called by the thread that saves.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/node/rdb_file.h"
#include "persist/snapshot/snapshot.h"

#include <cstdint>
#include <string>

namespace kvstash::persist {

// As write_snapshot_file(). Of the facts the functions are written, and the time if
// `has_timestamp`.
Result<uint64_t> write_command_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                    const RdbFacts& facts, const SnapshotFileOptions& options,
                                    bool has_timestamp);

}  // namespace kvstash::persist
