// AofFiles: the files of the append-only log in their directory, and the changes of which files
// there are: a new increment, a finished rewrite, a file that takes the place of a failed one.
//
// Blocking; any thread, one at a time (a mutex inside).
#pragma once

#include "base/disk.h"
#include "base/random.h"
#include "base/result.h"
#include "persist/aof/layout.h"
#include "persist/aof/recovery.h"
#include "persist/aof/transitions.h"
#include "persist/journal/aof_writer.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace kvstash::persist {

class AofFiles {
 public:
  AofFiles(Disk& disk, Entropy& entropy, AofLayout layout)
      : disk_(&disk), entropy_(&entropy), layout_(std::move(layout)) {}

  const AofLayout& layout() const { return layout_; }

  // Finds out what is to be loaded; takes over an old single file, and removes what an interrupted
  // change left behind. Called once, before the other functions.
  Result<RecoveryPlan> open(bool load_truncated);

  // Makes an increment that is the last of the manifest. At a start with the cuts of the plan.
  Result<OpenIncrement> begin_increment(std::string_view replid, const RecoveryPlan* plan = nullptr);
  // Makes an increment that no manifest names yet, for replace_failed().
  Result<OpenIncrement> make_fresh(std::string_view replid);
  // See AofPort.
  Status replace_failed(const std::string& failed, uint64_t sound_bytes, const std::string& fresh);

  // Where a rewrite writes the base that is to be.
  std::string new_base_path() const;
  // Makes the file at new_base_path() the base. Increments before the number `first_left` go.
  Status finish_rewrite(int64_t first_left, bool is_rdb);

  // Begins a log: the file at new_base_path() becomes the base, and `fresh`, which make_fresh() made,
  // the only increment. What was there before goes.
  Status begin_log(const std::string& fresh);

  // The file at new_base_path() becomes the whole log, while nothing is logged.
  Status replace_base();

  bool has_base() const;
  int64_t last_increment() const;  // Its number; 0: there is none.
  // The bytes of the files that the manifest names, by the disk.
  uint64_t bytes() const;

 private:
  Result<OpenIncrement> open_increment(const ManifestFile& file, std::string_view replid);
  Status take(Transition transition, const std::string& without_writing = {});

  Disk* disk_;
  Entropy* entropy_;
  AofLayout layout_;
  mutable std::mutex lock_;
  AofState state_;
};

}  // namespace kvstash::persist
