// What a start reads of the append-only log: plan_recovery() looks at the files, changes nothing,
// and decides what is loaded, what is cut, and what is refused.
//
// A tail that a power cut tore is cut: damage at or past the highest LSN that any increment says
// was on the disk, together with the increments behind it. Damage below that LSN was on the disk
// once, and is refused. In what Redis wrote, only an end in the middle of something is a tail, and
// only in the last file.
//
// Blocking; any thread.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/aof/increment_scan.h"
#include "persist/aof/layout.h"
#include "persist/aof/transitions.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::persist {

struct RecoveryOptions {
  bool load_truncated = true;  // aof-load-truncated
};

// A file that is loaded, in full or up to `end`.
struct RecoveredFile {
  std::string name;
  uint64_t file_bytes = 0;
  // The base only: it begins with an RDB. Where that ends only its reader knows; records may
  // follow.
  bool begins_with_rdb = false;
  // The file without an RDB at its beginning: records are read up to here.
  uint64_t end = 0;
  // An increment of ours, at least its beginning.
  std::optional<IncrementHeader> header;
};

struct RecoveryPlan {
  // The log of before: there may be none.
  AofState state;
  bool adopts_old_file = false;  // adopt_old_file() is to be made first; then plan again.
  std::optional<RecoveredFile> base;
  std::vector<RecoveredFile> increments;
  // For begin_increment(): all files that are loaded, with the ends that they get. When they are
  // synced with these ends, all below `position` is on the disk.
  std::vector<NewIncrement::Cut> cuts;
  std::vector<std::string> dropped;
  // Sentences for the log of the server: what was cut, and why.
  std::vector<std::string> notices;
  // The stream of replicas goes on from here: the log's last records are ours. Otherwise Redis
  // wrote since, or there is no increment of ours.
  struct Position {
    uint64_t lsn = 0;
    std::string replid;
  };
  std::optional<Position> position;
};

// Fails with the sentence that the server should say before it stops: it names the file, the
// offset, and what to run.
Result<RecoveryPlan> plan_recovery(Disk& disk, const AofLayout& layout,
                                   const RecoveryOptions& options);

// Reads manifest and list of kept increments. Without a directory or manifest the state is empty.
Result<AofState> read_aof_state(Disk& disk, const AofLayout& layout);

}  // namespace kvstash::persist
