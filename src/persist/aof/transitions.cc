#include "persist/aof/transitions.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace kvstash::persist {
namespace {

using Kind = DiskStep::Kind;

Status write_synced(Disk& disk, const DiskStep& step) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(step.path, Disk::Access::kReplace);
  if (!file.ok()) return file.error();
  if (Status done = write_all(**file, step.content); !done.ok()) return done;
  if (Status done = (*file)->sync(); !done.ok()) return done;
  return (*file)->close();
}

constexpr size_t kCopyBytes = size_t{256} << 10;

// Writes what stands from `begin` on once more, to where it stands.
Status write_again(Disk& disk, const std::string& path, uint64_t begin) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kOverwrite);
  if (!file.ok()) return file.error();
  std::vector<char> piece(kCopyBytes);
  for (uint64_t at = begin;;) {
    const Result<size_t> got = (*file)->read(at, piece.data(), piece.size());
    if (!got.ok()) return got.error();
    if (*got == 0) return (*file)->close();
    if (Status done = overwrite_all(**file, at, {piece.data(), *got}); !done.ok()) return done;
    at += *got;
  }
}

// A file that is shorter already stays as it is: then the step was made before.
Status cut_synced(Disk& disk, const DiskStep& step) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(step.path, Disk::Access::kAppend);
  if (!file.ok()) return file.error();
  const Result<uint64_t> size = (*file)->size();
  if (!size.ok()) return size.error();
  if (step.bytes < *size) {
    if (Status done = (*file)->truncate(step.bytes); !done.ok()) return done;
  }
  if (step.begin < step.bytes) {
    if (Status done = write_again(disk, step.path, step.begin); !done.ok()) return done;
  }
  if (Status done = (*file)->sync(); !done.ok()) return done;
  return (*file)->close();
}

Status run_step(Disk& disk, const DiskStep& step) {
  switch (step.kind) {
    case Kind::kMakeDirectory:
      return disk.make_directory(step.path);
    case Kind::kWriteFile:
      return write_synced(disk, step);
    case Kind::kReplaceFile:
      return replace_file(disk, step.path, step.from, step.content);
    case Kind::kCutFile:
      return cut_synced(disk, step);
    case Kind::kRename:
      return disk.rename(step.from, step.path);
    case Kind::kRemove:
      return disk.remove(step.path);
    case Kind::kSyncDirectory:
      return disk.sync_directory(step.path);
  }
  ensure(false);
  return {};
}

DiskStep write_manifest(const AofLayout& layout, const Manifest& manifest) {
  return {.kind = Kind::kReplaceFile,
          .path = layout.manifest_path(),
          .from = layout.temporary_manifest_path(),
          .content = print_manifest(manifest)};
}

DiskStep write_kept(const AofLayout& layout, const std::vector<KeptIncrement>& kept) {
  return {.kind = Kind::kReplaceFile,
          .path = layout.kept_path(),
          .from = layout.temporary_kept_path(),
          .content = print_kept(kept)};
}

DiskStep sync_directory(const AofLayout& layout) {
  return {.kind = Kind::kSyncDirectory, .path = layout.directory_path()};
}

DiskStep remove(const AofLayout& layout, const std::string& name) {
  return {.kind = Kind::kRemove, .path = layout.path(name)};
}

// Directory and manifest exist before any file with data: data without a manifest is an accident
// that is not started upon.
void begin_directory(const AofLayout& layout, const Manifest& manifest,
                     std::vector<DiskStep>& steps) {
  if (!manifest.is_empty()) return;
  steps.push_back({.kind = Kind::kMakeDirectory, .path = layout.directory_path()});
  steps.push_back({.kind = Kind::kSyncDirectory, .path = layout.data_directory});
  steps.push_back(write_manifest(layout, manifest));
}

// The newest increments whose sizes fit. They have to follow on each other up to the last.
std::vector<KeptIncrement> newest_that_fit(std::vector<KeptIncrement> all, uint64_t bytes_max) {
  uint64_t bytes = 0;
  auto first = all.end();
  while (first != all.begin() && (first - 1)->bytes <= bytes_max - bytes) {
    --first;
    bytes += first->bytes;
  }
  all.erase(all.begin(), first);
  return all;
}

bool is_kept(const std::vector<KeptIncrement>& kept, const ManifestFile& file) {
  return std::any_of(kept.begin(), kept.end(),
                     [&file](const KeptIncrement& one) { return one.file.name == file.name; });
}

// A file that is history by one line of the manifest may be in use by another.
bool is_in_use(const AofState& state, const std::string& name) {
  const auto has_name = [&name](const ManifestFile& file) { return file.name == name; };
  const Manifest& manifest = state.manifest;
  return (manifest.base && has_name(*manifest.base)) ||
         std::any_of(manifest.increments.begin(), manifest.increments.end(), has_name) ||
         std::any_of(state.kept.begin(), state.kept.end(),
                     [&has_name](const KeptIncrement& kept) { return has_name(kept.file); });
}

}  // namespace

Status run_steps(Disk& disk, const std::vector<DiskStep>& steps) {
  for (const DiskStep& step : steps) {
    if (Status done = run_step(disk, step); !done.ok()) return done;
  }
  return {};
}

std::string print_kept(const std::vector<KeptIncrement>& kept) {
  std::string text = "# increments older than the base, kept for replicas\n";
  for (const KeptIncrement& one : kept)
    text += print_manifest_line(
        one.file, 'k',
        " lsn " + std::to_string(one.lsn_begin) + " bytes " + std::to_string(one.bytes));
  return text;
}

Result<std::vector<KeptIncrement>> parse_kept(std::string_view text) {
  std::vector<KeptIncrement> kept;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('#')) continue;
    Result<std::vector<std::pair<std::string, std::string>>> pairs = parse_manifest_line(line);
    if (!pairs.ok()) return pairs.error();
    KeptIncrement one;
    for (auto& [key, value] : *pairs) {
      if (key == "file") one.file.name = std::move(value);
      if (key == "seq") one.file.seq = parse_int64(value).value_or(0);
      if (key == "lsn") one.lsn_begin = parse_uint64(value).value_or(0);
      if (key == "bytes") one.bytes = parse_uint64(value).value_or(0);
    }
    if (one.file.name.empty() || one.file.seq <= 0)
      return Error::literal("Invalid list of kept increments");
    kept.push_back(std::move(one));
  }
  return kept;
}

int64_t next_increment(const AofState& state) {
  int64_t last = state.manifest.increments.empty() ? 0 : state.manifest.increments.back().seq;
  for (const ManifestFile& file : state.manifest.history)
    last = std::max(last, file.seq);
  for (const KeptIncrement& kept : state.kept)
    last = std::max(last, kept.file.seq);
  return last + 1;
}

Transition settle_increments(const AofLayout& layout, const AofState& state,
                             const NewIncrement& increment) {
  Transition change{.after = state, .steps = {}};
  Manifest& manifest = change.after.manifest;
  begin_directory(layout, manifest, change.steps);
  const auto is_dropped = [&increment](const ManifestFile& one) {
    return std::find(increment.dropped.begin(), increment.dropped.end(), one.name) !=
           increment.dropped.end();
  };
  // They go before the cuts: beside a file that is cut already, they would look like the rest of a
  // log with a hole.
  std::copy_if(manifest.increments.begin(), manifest.increments.end(),
               std::back_inserter(manifest.history), is_dropped);
  std::erase_if(manifest.increments, is_dropped);
  if (!increment.dropped.empty()) {
    if (!manifest.increments.empty()) manifest.increments.back().bytes.reset();
    change.steps.push_back(write_manifest(layout, manifest));
  }
  for (const NewIncrement::Cut& cut : increment.cuts)
    change.steps.push_back({.kind = Kind::kCutFile,
                            .path = layout.path(cut.name),
                            .begin = cut.unsure_begin,
                            .bytes = cut.bytes});
  return change;
}

Transition join_increment(const AofLayout& layout, const AofState& state, const ManifestFile& file,
                          std::optional<uint64_t> bytes_before) {
  Transition change{.after = state, .steps = {}};
  std::vector<ManifestFile>& increments = change.after.manifest.increments;
  if (!increments.empty() && bytes_before) increments.back().bytes = bytes_before;
  increments.push_back(file);
  change.steps.push_back(sync_directory(layout));
  change.steps.push_back(write_manifest(layout, change.after.manifest));
  return change;
}

Transition begin_increment(const AofLayout& layout, const AofState& state,
                           const NewIncrement& increment) {
  Transition change = settle_increments(layout, state, increment);
  const int64_t seq = next_increment(state);
  const ManifestFile file{.name = layout.increment_name(seq), .seq = seq};
  change.steps.push_back(
      {.kind = Kind::kWriteFile, .path = layout.path(file.name), .content = increment.header});
  Transition joined = join_increment(layout, change.after, file);
  std::move(joined.steps.begin(), joined.steps.end(), std::back_inserter(change.steps));
  change.after = std::move(joined.after);
  return change;
}

Transition replace_increment(const AofLayout& layout, const AofState& state,
                             const ReplacedIncrement& replaced) {
  Transition change{.after = state, .steps = {}};
  Manifest& manifest = change.after.manifest;
  std::vector<ManifestFile>& increments = manifest.increments;
  std::erase(increments, replaced.fresh);
  const auto gone = std::ranges::upper_bound(increments, replaced.kept.seq, {}, &ManifestFile::seq);
  manifest.history.insert(manifest.history.end(), gone, increments.end());
  increments.erase(gone, increments.end());
  const bool is_kept = !increments.empty() && increments.back().seq == replaced.kept.seq;
  if (is_kept) increments.back().bytes = replaced.kept.bytes;
  increments.push_back(replaced.fresh);
  change.steps = {sync_directory(layout), write_manifest(layout, manifest)};
  if (is_kept)
    change.steps.push_back({.kind = Kind::kCutFile,
                            .path = layout.path((increments.end() - 2)->name),
                            .bytes = replaced.kept.bytes});
  return change;
}

Transition confirm_manifest(const AofLayout& layout, const AofState& state) {
  return {.after = state, .steps = {write_manifest(layout, state.manifest)}};
}

Transition finish_rewrite(const AofLayout& layout, const AofState& state,
                          const FinishedRewrite& rewrite) {
  Transition change{.after = state, .steps = {}};
  Manifest& manifest = change.after.manifest;
  begin_directory(layout, manifest, change.steps);
  const int64_t seq = manifest.base ? manifest.base->seq + 1 : 1;
  const ManifestFile base{.name = layout.base_name(seq, rewrite.is_rdb), .seq = seq};
  change.steps.push_back(
      {.kind = Kind::kRename, .path = layout.path(base.name), .from = rewrite.temporary_path});
  change.steps.push_back(sync_directory(layout));

  std::vector<KeptIncrement> kept = state.kept;
  kept.insert(kept.end(), rewrite.kept_candidates.begin(), rewrite.kept_candidates.end());
  kept = newest_that_fit(std::move(kept), rewrite.kept_bytes_max);

  std::vector<ManifestFile> superfluous = std::move(manifest.history);
  if (manifest.base) superfluous.push_back(*manifest.base);
  const auto is_left = [&rewrite](const ManifestFile& file) {
    return file.seq >= rewrite.first_left;
  };
  const auto first_left =
      std::find_if(manifest.increments.begin(), manifest.increments.end(), is_left);
  superfluous.insert(superfluous.end(), manifest.increments.begin(), first_left);
  std::erase_if(superfluous, [&kept](const ManifestFile& file) { return is_kept(kept, file); });
  manifest.increments.erase(manifest.increments.begin(), first_left);
  if (!rewrite.increments.empty()) {
    std::move(manifest.increments.begin(), manifest.increments.end(),
              std::back_inserter(superfluous));
    manifest.increments = rewrite.increments;
  }
  manifest.base = base;
  manifest.history = superfluous;

  // While both lists name a file, the manifest counts. A file is removed when no list does.
  std::vector<KeptIncrement> old_and_new = state.kept;
  for (const KeptIncrement& one : kept) {
    if (!is_kept(state.kept, one.file)) old_and_new.push_back(one);
  }
  if (old_and_new != state.kept) change.steps.push_back(write_kept(layout, old_and_new));
  change.steps.push_back(write_manifest(layout, manifest));
  for (const ManifestFile& file : superfluous)
    change.steps.push_back(remove(layout, file.name));
  for (const KeptIncrement& one : old_and_new) {
    if (!is_kept(kept, one.file)) change.steps.push_back(remove(layout, one.file.name));
  }
  if (kept != old_and_new) change.steps.push_back(write_kept(layout, kept));
  manifest.history.clear();
  if (!superfluous.empty()) {
    change.steps.push_back(sync_directory(layout));
    change.steps.push_back(write_manifest(layout, manifest));
  }
  change.after.kept = std::move(kept);
  return change;
}

Transition adopt_old_file(const AofLayout& layout) {
  Transition change;
  change.after.manifest.base = ManifestFile{.name = layout.file_name, .seq = 1};
  // The name stands in the manifest first: a start between the two finds the file at its old place,
  // and goes on.
  change.steps = {
      {.kind = Kind::kMakeDirectory, .path = layout.directory_path()},
      {.kind = Kind::kSyncDirectory, .path = layout.data_directory},
      write_manifest(layout, change.after.manifest),
      {.kind = Kind::kRename,
       .path = layout.path(layout.file_name),
       .from = layout.old_file_path()},
      sync_directory(layout),
      {.kind = Kind::kSyncDirectory, .path = layout.data_directory},
  };
  return change;
}

Transition remove_leftovers(const AofLayout& layout, const AofState& state,
                            const std::vector<std::string>& names) {
  Transition change{.after = state, .steps = {}};
  // The manifest that was read may not be on the disk yet, and the one before it names the history.
  if (!state.manifest.history.empty()) change.steps.push_back(sync_directory(layout));
  for (const std::string& name : names) {
    if (layout.is_temporary_name(name)) change.steps.push_back(remove(layout, name));
  }
  for (const ManifestFile& file : state.manifest.history) {
    if (!is_in_use(state, file.name)) change.steps.push_back(remove(layout, file.name));
  }
  if (!change.steps.empty()) change.steps.push_back(sync_directory(layout));
  if (!state.manifest.history.empty()) {
    change.after.manifest.history.clear();
    change.steps.push_back(write_manifest(layout, change.after.manifest));
  }
  return change;
}

}  // namespace kvstash::persist
