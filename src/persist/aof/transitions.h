// What happens to the files of the append-only log when it changes its shape: a new increment, a
// rewrite that is done, an old single file that is taken over. Each is a list of steps on the disk,
// in an order in which the power may go between and within any two of them: what is found then is
// the state before, or the state after.
//
// Pure, but for run_steps(). Only one transition of a log is made at a time.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/aof/layout.h"
#include "persist/aof/manifest.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::persist {

struct DiskStep {
  enum class Kind : uint8_t {
    kMakeDirectory,  // path
    kWriteFile,      // path: created or replaced by `content`, and synced.
    kReplaceFile,    // path: replaced by `content` by way of the file `from`; the directory synced.
    kCutFile,        // path: cut to `bytes`, written once more from `begin` on, and synced.
    kRename,         // from, path
    kRemove,         // path
    kSyncDirectory,  // path
  };

  Kind kind;
  std::string path;
  std::string from{};
  std::string content{};
  uint64_t begin = std::numeric_limits<uint64_t>::max();
  uint64_t bytes = 0;
};

// Makes the steps in their order, until one fails. After a failure the state on the disk is the one
// before or the one after; to make the same steps again is allowed, and ends in the one after,
// unless renaming is among them.
Status run_steps(Disk& disk, const std::vector<DiskStep>& steps);

// One of our increments that is older than the base, kept for replicas that come back.
struct KeptIncrement {
  ManifestFile file;
  uint64_t lsn_begin = 0;
  uint64_t bytes = 0;  // Size of the file.

  bool operator==(const KeptIncrement&) const = default;
};

// "file <name> seq <number> type k lsn <n> bytes <n>", a line each.
std::string print_kept(const std::vector<KeptIncrement>& kept);
Result<std::vector<KeptIncrement>> parse_kept(std::string_view text);

// All that the log knows of its files.
struct AofState {
  Manifest manifest;
  std::vector<KeptIncrement> kept;  // Oldest first.

  bool operator==(const AofState&) const = default;
};

struct Transition {
  AofState after;
  std::vector<DiskStep> steps;
};

// The log begins a new increment, whose file begins with `header`: at a start, when a rewrite
// begins, and after a failed sync. The file is there, synced, when its name is. `dropped` are
// increments that become history, for they follow on what a crash lost. After that `cuts` are files
// that get this size, and are synced. What stands in them from `unsure_begin` on can be read, but
// need not be on the disk, even when it is synced: a sync of the process before may have failed,
// and the kernel have dropped the pages. So that is written once more.
struct NewIncrement {
  std::string header;
  struct Cut {
    std::string name;
    uint64_t bytes;
    uint64_t unsure_begin;
  };
  std::vector<Cut> cuts{};
  std::vector<std::string> dropped{};
};
Transition begin_increment(const AofLayout& layout, const AofState& state,
                           const NewIncrement& increment);

// The first part of begin_increment() alone: `dropped` and `cuts`.
Transition settle_increments(const AofLayout& layout, const AofState& state,
                             const NewIncrement& increment);
// The number of the next increment.
int64_t next_increment(const AofState& state);
// The file, which stands in the directory with its synced header, becomes the last increment.
// `bytes_before`: how much of the one before it, if there is one, is a part of the log.
Transition join_increment(const AofLayout& layout, const AofState& state, const ManifestFile& file,
                          std::optional<uint64_t> bytes_before = std::nullopt);

// The first bytes of an increment.
struct IncrementPart {
  int64_t seq = 0;
  uint64_t bytes = 0;

  bool operator==(const IncrementPart&) const = default;
};

// An increment failed. `fresh`, which is synced, takes the place of all increments behind `kept`,
// and of what stands in that one behind its part; that is cut off when the manifest says so. Until
// then Redis, which does not know the key `bytes`, would apply some records twice.
struct ReplacedIncrement {
  IncrementPart kept;  // The increment need not be in the manifest any more.
  ManifestFile fresh;
};
Transition replace_increment(const AofLayout& layout, const AofState& state,
                             const ReplacedIncrement& replaced);

// The manifest as it is, once more: after a change that failed, what is read may not be on the
// disk.
Transition confirm_manifest(const AofLayout& layout, const AofState& state);

// A rewrite is done: the file `temporary_path`, written and synced, becomes the base; the
// increments before `first_left` (a number) are superfluous. Of those, `kept_candidates`, all ours,
// oldest first, are kept while the newest of them and of those that are kept already fit
// `kept_bytes_max`; the rest is removed.
struct FinishedRewrite {
  std::string temporary_path;
  bool is_rdb = true;
  int64_t first_left = 0;
  // The increments of a log that begins with this base. If there are any, all others go.
  std::vector<ManifestFile> increments{};
  std::vector<KeptIncrement> kept_candidates{};
  uint64_t kept_bytes_max = 0;
};
Transition finish_rewrite(const AofLayout& layout, const AofState& state,
                          const FinishedRewrite& rewrite);

// The single file of Redis before 7.0 becomes the base, under its own name.
Transition adopt_old_file(const AofLayout& layout);

// Removes what an interrupted transition left: the history, and of `names`, the files in the
// directory, the temporary ones. Other files that no list names stay: the next ones of their number
// replace them. To be made at a start, before the first increment.
Transition remove_leftovers(const AofLayout& layout, const AofState& state,
                            const std::vector<std::string>& names);

}  // namespace kvstash::persist
