// AofFiles: the files of the append-only log in their directory, and the changes of which files
// there are: a new increment, a finished rewrite, a file that takes the place of a failed one.
//
// A new increment is made first, and joins the manifest when its header is on the disk. When a
// change failed, nobody knows how far it came, nor which manifest is on the disk. Then the manifest
// is read again before the next change, and written once more: what it says counts, and no file is
// removed before that has succeeded. Numbers of files are never used twice.
//
// Blocking; any thread, one at a time (a mutex inside).
#pragma once

#include "base/disk.h"
#include "base/parking_mutex.h"
#include "base/random.h"
#include "base/result.h"
#include "persist/aof/layout.h"
#include "persist/aof/recovery.h"
#include "persist/aof/transitions.h"
#include "persist/journal/aof_writer.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

// What a rewrite made.
struct NewBase {
  bool is_rdb = true;  // Else it consists of commands.
  // Of our increments that go, the newest up to so many bytes are kept beside the log, for
  // replicas.
  uint64_t kept_bytes_max = 0;
};

class AofFiles {
 public:
  AofFiles(Disk& disk, Entropy& entropy, Parking& parking, AofLayout layout)
      : disk_(&disk), entropy_(&entropy), layout_(std::move(layout)), lock_(parking) {}

  const AofLayout& layout() const { return layout_; }

  // Finds out what is to be loaded; takes over an old single file, and removes what an interrupted
  // change left behind. Called once, before the other functions.
  Result<RecoveryPlan> open(bool load_truncated);

  // Cuts and syncs what the plan loads, and drops what it does not. Called behind open().
  Status settle(const RecoveryPlan& plan);

  // Makes the file of an increment, which no manifest names yet.
  Result<OpenIncrement> make_increment(std::string_view replid);
  // As make_increment(), for a log that begin_log() will begin: the file waits for that.
  Result<OpenIncrement> make_first_increment(std::string_view replid);
  // Removes a file that was made and has not joined, as far as the disk lets it.
  void discard_increment(const std::string& name);
  // See AofPort::make_increment(). Removes all files that were made and have not joined.
  Result<OpenIncrement> make_replacement(std::string_view replid);
  // See AofPort. A file of a log that has not begun joins the others of that log.
  Status join_increment(const std::string& name, const std::optional<IncrementPart>& before);
  Status replace_failed(const std::optional<IncrementPart>& kept, const std::string& fresh);
  // Whether the increment is a part of the log; it may still become one if is_made().
  bool has_increment(const std::string& name) const;
  bool is_made(const std::string& name) const;

  // Where a rewrite writes the base that is to be.
  std::string new_base_path() const;
  // Makes the file at new_base_path() the base. The increments before `first_left` go. Fails if
  // that one has failed meanwhile: then the base stands in the middle of what follows it. After
  // another failure the base may count all the same, when the next change is made.
  // `place`: where the base ends in the journal.
  Status finish_rewrite(const std::string& first_left, JournalPlace place, NewBase base = {});
  // See AofPort.
  JournalPlace base_place() const;

  // Begins a log: the file at new_base_path() becomes the base, and the file that
  // make_first_increment() made, with what took its place, is the rest. What was there before goes.
  Status begin_log(NewBase base = {});
  // The log does not begin.
  void give_up_log();

  // The file at new_base_path() becomes the whole log, while nothing is logged.
  Status replace_base(NewBase base = {});

  // The bytes of the files that the manifest names, by the disk.
  uint64_t bytes() const;
  // The bytes of the increments that are kept for replicas.
  uint64_t kept_bytes() const;

 private:
  Result<OpenIncrement> make(std::string_view replid);
  Status replace_awaited(const IncrementPart& kept, const ManifestFile& fresh);
  Status take(Transition transition);
  Status know_state();
  void give_up_made(const std::string& name);
  void remove_garbage();
  void note_loaded(const RecoveryPlan& plan);
  bool is_named(const std::string& name) const;
  std::vector<KeptIncrement> kept_candidates(int64_t first_left) const;

  Disk* disk_;
  Entropy* entropy_;
  AofLayout layout_;
  mutable ParkingMutex lock_;
  AofState state_;
  bool is_state_known_ = true;  // The manifest on the disk is that of state_.
  IncrementPart loaded_;        // The last increment that the start found, as far as it counts.
  JournalPlace base_place_;
  // A base that counts or not, which know_state() finds out.
  struct NextBase {
    int64_t seq = 0;
    JournalPlace place;
  };
  std::optional<NextBase> next_base_;
  bool is_replacing_ = false;
  int64_t last_made_ = 0;           // Number of the file that was made last.
  std::vector<ManifestFile> made_;  // Increments that have not joined.
  bool is_log_awaited_ = false;
  std::vector<ManifestFile> awaited_;  // The increments of the log that is to begin.
  std::vector<std::string> garbage_;   // Files that no manifest is to name; they may be there.
};

}  // namespace kvstash::persist
