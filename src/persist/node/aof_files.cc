#include "persist/node/aof_files.h"

#include "base/ensure.h"
#include "persist/aof/increment_format.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

std::optional<IncrementHeader> header_of(Disk& disk, const std::string& path) {
  const Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kRead);
  if (!file.ok()) return std::nullopt;
  std::array<char, kOwnLineBytesMax> bytes;
  const Result<size_t> got = (*file)->read(0, bytes.data(), bytes.size());
  if (!got.ok()) return std::nullopt;
  const std::string_view text(bytes.data(), *got);
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return parse_increment_header(text.substr(0, end + 1));
}

}  // namespace

Result<RecoveryPlan> AofFiles::open(bool load_truncated) {
  const std::lock_guard guard(lock_);
  if (Status made = disk_->make_directory(layout_.directory_path()); !made.ok())
    return made.error();
  const auto plan = [&] {
    return plan_recovery(*disk_, layout_, {.load_truncated = load_truncated});
  };
  Result<RecoveryPlan> found = plan();
  if (found.ok() && found->adopts_old_file) {
    if (Status adopted = run_steps(*disk_, adopt_old_file(layout_).steps); !adopted.ok())
      return adopted.error();
    found = plan();
  }
  if (!found.ok()) return found.error();
  // The process before this one may have died between two steps: what it left is confirmed first.
  is_state_known_ = false;
  if (Status known = know_state(); !known.ok()) return known.error();
  note_loaded(*found);
  const Result<std::vector<std::string>> names = disk_->list(layout_.directory_path());
  if (!names.ok()) return names.error();
  if (Status removed = take(remove_leftovers(layout_, state_, *names)); !removed.ok())
    return removed.error();
  return found;
}

// The increments that the plan loads, and only they, are there when the log goes on.
void AofFiles::note_loaded(const RecoveryPlan& plan) {
  loaded_ = {};
  if (state_.manifest.increments.empty()) return;
  loaded_ = {.seq = state_.manifest.increments.back().seq, .bytes = 0};
  if (!plan.increments.empty()) loaded_.bytes = plan.increments.back().end;
}

Status AofFiles::settle(const RecoveryPlan& plan) {
  const std::lock_guard guard(lock_);
  if (Status settled = take(settle_increments(
          layout_, state_, {.header = {}, .cuts = plan.cuts, .dropped = plan.dropped}));
      !settled.ok())
    return settled;
  note_loaded(plan);
  return {};
}

Status AofFiles::take(Transition transition) {
  if (Status done = run_steps(*disk_, transition.steps); !done.ok()) {
    is_state_known_ = false;
    return done;
  }
  state_ = std::move(transition.after);
  return {};
}

// Files that the manifest names are there, in whichever state a failed change left it.
Status AofFiles::know_state() {
  if (is_state_known_) return {};
  Result<AofState> state = read_aof_state(*disk_, layout_);
  if (!state.ok()) return state.error();
  if (Status confirmed = take(confirm_manifest(layout_, *std::move(state))); !confirmed.ok())
    return confirmed;
  is_state_known_ = true;
  const std::optional<NextBase> next = std::exchange(next_base_, std::nullopt);
  if (next && state_.manifest.base && state_.manifest.base->seq == next->seq)
    base_place_ = next->place;
  return {};
}

// ---- Increments.

Result<OpenIncrement> AofFiles::make(std::string_view replid) {
  if (Status known = know_state(); !known.ok()) return known.error();
  const int64_t seq = std::max(next_increment(state_), last_made_ + 1);
  ManifestFile file{.name = layout_.increment_name(seq), .seq = seq};
  Result<std::unique_ptr<DiskFile>> made =
      disk_->open(layout_.path(file.name), Disk::Access::kReplace);
  if (!made.ok()) return made.error();
  last_made_ = seq;
  made_.push_back(file);
  return OpenIncrement{.file = *std::move(made),
                       .name = std::move(file.name),
                       .seq = seq,
                       .replid = std::string(replid),
                       .salt = entropy_->draw()};
}

Result<OpenIncrement> AofFiles::make_increment(std::string_view replid) {
  const std::lock_guard guard(lock_);
  return make(replid);
}

Result<OpenIncrement> AofFiles::make_first_increment(std::string_view replid) {
  const std::lock_guard guard(lock_);
  is_log_awaited_ = true;
  is_replacing_ = false;
  return make(replid);
}

// The file is removed when it is sure that no manifest names it.
void AofFiles::give_up_made(const std::string& name) {
  std::erase_if(made_, [&name](const ManifestFile& file) { return file.name == name; });
  garbage_.push_back(name);
}

// A file that stays does no harm but for its room.
void AofFiles::remove_garbage() {
  if (!know_state().ok()) return;
  for (const std::string& name : std::exchange(garbage_, {})) {
    if (!is_named(name)) static_cast<void>(disk_->remove(layout_.path(name)).ok());
  }
}

bool AofFiles::is_named(const std::string& name) const {
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  return std::ranges::find(increments, name, &ManifestFile::name) != increments.end();
}

void AofFiles::discard_increment(const std::string& name) {
  const std::lock_guard guard(lock_);
  give_up_made(name);
  remove_garbage();
}

Result<OpenIncrement> AofFiles::make_replacement(std::string_view replid) {
  const std::lock_guard guard(lock_);
  is_replacing_ = true;
  for (const ManifestFile& file : std::vector<ManifestFile>(made_))
    give_up_made(file.name);
  remove_garbage();
  return make(replid);
}

JournalPlace AofFiles::base_place() const {
  const std::lock_guard guard(lock_);
  return base_place_;
}

Status AofFiles::join_increment(const std::string& name,
                                const std::optional<IncrementPart>& before) {
  const std::lock_guard guard(lock_);
  const auto made = std::ranges::find(made_, name, &ManifestFile::name);
  if (made == made_.end()) return Error::literal("the file was given up");
  const uint64_t bytes_before = before.value_or(loaded_).bytes;
  if (is_log_awaited_) {
    if (!awaited_.empty()) awaited_.back().bytes = bytes_before;
    awaited_.push_back(*made);
  } else {
    if (Status known = know_state(); !known.ok()) return known;
    if (Status joined = take(persist::join_increment(layout_, state_, *made, bytes_before));
        !joined.ok())
      return joined;
  }
  made_.erase(made);
  return {};
}

Status AofFiles::replace_failed(const std::optional<IncrementPart>& kept,
                                const std::string& fresh) {
  const std::lock_guard guard(lock_);
  const auto made = std::ranges::find(made_, fresh, &ManifestFile::name);
  ensure(made != made_.end());
  if (is_log_awaited_) {
    if (Status done = replace_awaited(kept.value_or(IncrementPart()), *made); !done.ok())
      return done;
  } else {
    if (Status known = know_state(); !known.ok()) return known;
    if (Status done = take(
            replace_increment(layout_, state_, {.kept = kept.value_or(loaded_), .fresh = *made}));
        !done.ok())
      return done;
  }
  made_.erase(made);
  is_replacing_ = false;
  return {};
}

// The log has no manifest yet: it is not read before begin_log() has made one.
Status AofFiles::replace_awaited(const IncrementPart& kept, const ManifestFile& fresh) {
  std::erase_if(awaited_, [&kept](const ManifestFile& file) { return file.seq > kept.seq; });
  if (!awaited_.empty()) {
    const DiskStep cut{.kind = DiskStep::Kind::kCutFile,
                       .path = layout_.path(awaited_.back().name),
                       .bytes = kept.bytes};
    if (Status done = run_steps(*disk_, {cut}); !done.ok()) return done;
    awaited_.back().bytes = kept.bytes;
  }
  awaited_.push_back(fresh);
  return {};
}

bool AofFiles::has_increment(const std::string& name) const {
  const std::lock_guard guard(lock_);
  return is_named(name);
}

bool AofFiles::is_made(const std::string& name) const {
  const std::lock_guard guard(lock_);
  return std::ranges::find(made_, name, &ManifestFile::name) != made_.end();
}

// ---- Bases.

std::string AofFiles::new_base_path() const {
  return layout_.path("temp-rewriteaof-bg.aof");
}

Status AofFiles::finish_rewrite(const std::string& first_left, JournalPlace place, NewBase base) {
  const std::lock_guard guard(lock_);
  if (Status known = know_state(); !known.ok()) return known;
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  const auto first = std::ranges::find(increments, first_left, &ManifestFile::name);
  if (first == increments.end() || is_replacing_)
    return Error::literal("the append-only file failed while it was rewritten");
  Transition finished = persist::finish_rewrite(
      layout_, state_,
      {.temporary_path = new_base_path(),
       .is_rdb = base.is_rdb,
       .first_left = first->seq,
       .kept_candidates =
           base.kept_bytes_max == 0 ? std::vector<KeptIncrement>() : kept_candidates(first->seq),
       .kept_bytes_max = base.kept_bytes_max});
  next_base_ = {.seq = finished.after.manifest.base->seq, .place = place};
  if (Status done = take(std::move(finished)); !done.ok()) return done;
  next_base_.reset();
  base_place_ = place;
  return {};
}

// Our increments before this number, behind the last one that is not ours. A file whose header
// cannot be read counts as not ours: a replica needs a history without a hole.
std::vector<KeptIncrement> AofFiles::kept_candidates(int64_t first_left) const {
  std::vector<KeptIncrement> candidates;
  for (const ManifestFile& file : state_.manifest.increments) {
    if (file.seq >= first_left) break;
    const std::optional<IncrementHeader> header = header_of(*disk_, layout_.path(file.name));
    const Result<std::optional<Disk::FileInfo>> found = disk_->find(layout_.path(file.name));
    if (!header || !found.ok() || !*found) {
      candidates.clear();
    } else {
      candidates.push_back({.file = {.name = file.name, .seq = file.seq},
                            .lsn_begin = header->lsn,
                            .bytes = (*found)->size});
    }
  }
  return candidates;
}

uint64_t AofFiles::kept_bytes() const {
  const std::lock_guard guard(lock_);
  uint64_t bytes = 0;
  for (const KeptIncrement& kept : state_.kept)
    bytes += kept.bytes;
  return bytes;
}

Status AofFiles::begin_log(NewBase base) {
  const std::lock_guard guard(lock_);
  ensure(is_log_awaited_);
  if (Status known = know_state(); !known.ok()) return known;
  if (awaited_.empty()) return Error::literal("the append-only file could not be begun");
  if (Status done = take(persist::finish_rewrite(layout_, state_,
                                                 {.temporary_path = new_base_path(),
                                                  .is_rdb = base.is_rdb,
                                                  .first_left = awaited_.back().seq + 1,
                                                  .increments = awaited_}));
      !done.ok())
    return done;
  is_log_awaited_ = false;
  awaited_.clear();
  return {};
}

void AofFiles::give_up_log() {
  const std::lock_guard guard(lock_);
  is_log_awaited_ = false;
  for (const ManifestFile& file : std::exchange(awaited_, {}))
    give_up_made(file.name);
  for (const ManifestFile& file : std::vector<ManifestFile>(made_))
    give_up_made(file.name);
  remove_garbage();
}

Status AofFiles::replace_base(NewBase base) {
  const std::lock_guard guard(lock_);
  if (Status known = know_state(); !known.ok()) return known;
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  const int64_t behind_all = increments.empty() ? 1 : increments.back().seq + 1;
  return take(persist::finish_rewrite(
      layout_, state_,
      {.temporary_path = new_base_path(), .is_rdb = base.is_rdb, .first_left = behind_all}));
}

uint64_t AofFiles::bytes() const {
  const std::lock_guard guard(lock_);
  uint64_t bytes = 0;
  const auto add = [&](const ManifestFile& file) {
    const Result<std::optional<Disk::FileInfo>> found = disk_->find(layout_.path(file.name));
    if (found.ok() && *found) bytes += (*found)->size;
  };
  if (state_.manifest.base) add(*state_.manifest.base);
  std::ranges::for_each(state_.manifest.increments, add);
  return bytes;
}

}  // namespace kvstash::persist
