// SnapshotFile: a snapshot written to a file, or handed to whoever takes its bytes, in one of two
// forms: as an RDB (rdb_file.h), or as the commands that make its data (command_file.h).
//
// Blocking: called by the thread that saves, or that sends snapshots to replicas.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/snapshot/snapshot.h"

#include <cstdint>
#include <functional>
#include <string>

namespace kvstash::persist {

struct SnapshotFileOptions {
  bool syncs_often = true;       // Every few megabytes, so that the last sync is short.
  std::function<void()> pace{};  // Called after each chunk; may wait. Empty: nothing is called.
};

// Turns a snapshot into the bytes of a file, which it appends to a string of its owner.
class SnapshotForm {
 public:
  virtual ~SnapshotForm() = default;
  virtual void add(Chunk chunk) = 0;
  // Behind the last chunk. Error: the chunks were not whole.
  virtual Status end() = 0;
};

// Takes the bytes that a form has appended to a string, or leaves them there to wait for more;
// `is_end`: no more will come.
using TakeBytes = std::function<Status(std::string& out, bool is_end)>;

// Pulls the snapshot through the form to its end. `take` is called after each chunk, and behind the
// end, with `out`, to which the form appends. After an error, also of `take`, the snapshot is given
// up.
Status pull_snapshot(Snapshot& snapshot, SnapshotForm& form, std::string& out,
                     const TakeBytes& take);

// Pulls the snapshot through the form to its end into a new file, which stands on the disk when
// this returns; its name does not yet. `out`: where the form appends; what is there already is the
// head of the file. Returns the size of the file. After an error there is no file.
Result<uint64_t> write_snapshot_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                     SnapshotForm& form, std::string& out,
                                     const SnapshotFileOptions& options);

}  // namespace kvstash::persist
