#include "persist/node/aof_files.h"

#include "base/ensure.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace kvstash::persist {

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
  state_ = found->state;
  const Result<std::vector<std::string>> names = disk_->list(layout_.directory_path());
  if (!names.ok()) return names.error();
  if (Status removed = take(remove_leftovers(layout_, state_, *names)); !removed.ok())
    return removed.error();
  return found;
}

Status AofFiles::take(Transition transition, const std::string& without_writing) {
  std::erase_if(transition.steps, [&](const DiskStep& step) {
    return step.kind == DiskStep::Kind::kWriteFile && step.path == without_writing;
  });
  if (Status done = run_steps(*disk_, transition.steps); !done.ok()) return done;
  state_ = std::move(transition.after);
  return {};
}

Result<OpenIncrement> AofFiles::open_increment(const ManifestFile& file, std::string_view replid) {
  Result<std::unique_ptr<DiskFile>> opened =
      disk_->open(layout_.path(file.name), Disk::Access::kAppend);
  if (!opened.ok()) return opened.error();
  return OpenIncrement{.file = *std::move(opened),
                       .name = file.name,
                       .replid = std::string(replid),
                       .salt = entropy_->draw()};
}

Result<OpenIncrement> AofFiles::begin_increment(std::string_view replid, const RecoveryPlan* plan) {
  const std::lock_guard guard(lock_);
  NewIncrement increment;
  if (plan != nullptr) {
    increment.cuts = plan->cuts;
    increment.dropped = plan->dropped;
  }
  if (Status done = take(persist::begin_increment(layout_, state_, increment)); !done.ok())
    return done.error();
  return open_increment(state_.manifest.increments.back(), replid);
}

Result<OpenIncrement> AofFiles::make_fresh(std::string_view replid) {
  const std::lock_guard guard(lock_);
  // The file that replace_failed() will add to the manifest.
  const Transition transition = persist::begin_increment(layout_, state_, {});
  const ManifestFile& file = transition.after.manifest.increments.back();
  Result<std::unique_ptr<DiskFile>> made =
      disk_->open(layout_.path(file.name), Disk::Access::kReplace);
  if (!made.ok()) return made.error();
  return OpenIncrement{.file = *std::move(made),
                       .name = file.name,
                       .replid = std::string(replid),
                       .salt = entropy_->draw()};
}

Status AofFiles::replace_failed(const std::string& failed, uint64_t sound_bytes,
                                const std::string& fresh) {
  const std::lock_guard guard(lock_);
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  const auto at = std::ranges::find(increments, failed, &ManifestFile::name);
  if (at == increments.end())
    return Error::text(failed + " failed before it was a part of the append-only log");
  NewIncrement next{.header = {}, .cuts = {{.name = failed, .bytes = sound_bytes}}};
  for (auto behind = at + 1; behind != increments.end(); ++behind)
    next.dropped.push_back(behind->name);
  Transition transition = persist::begin_increment(layout_, state_, next);
  ensure(transition.after.manifest.increments.back().name == fresh);
  return take(std::move(transition), layout_.path(fresh));
}

std::string AofFiles::new_base_path() const {
  return layout_.path("temp-rewriteaof-bg.aof");
}

Status AofFiles::finish_rewrite(int64_t first_left, bool is_rdb) {
  const std::lock_guard guard(lock_);
  return take(persist::finish_rewrite(
      layout_, state_,
      {.temporary_path = new_base_path(), .is_rdb = is_rdb, .first_left = first_left}));
}

Status AofFiles::begin_log(const std::string& fresh) {
  const std::lock_guard guard(lock_);
  const Transition next = persist::begin_increment(layout_, state_, {});
  const ManifestFile increment = next.after.manifest.increments.back();
  ensure(increment.name == fresh);
  if (Status based = take(persist::finish_rewrite(layout_, state_,
                                                  {.temporary_path = new_base_path(),
                                                   .is_rdb = true,
                                                   .first_left = increment.seq}));
      !based.ok())
    return based;
  Transition joined{.after = state_, .steps = {}};
  joined.after.manifest.increments = {increment};
  joined.steps.push_back({.kind = DiskStep::Kind::kReplaceFile,
                          .path = layout_.manifest_path(),
                          .from = layout_.temporary_manifest_path(),
                          .content = print_manifest(joined.after.manifest)});
  return take(std::move(joined));
}

Status AofFiles::replace_base() {
  const std::lock_guard guard(lock_);
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  const int64_t behind_all = increments.empty() ? 1 : increments.back().seq + 1;
  return take(persist::finish_rewrite(
      layout_, state_,
      {.temporary_path = new_base_path(), .is_rdb = true, .first_left = behind_all}));
}

bool AofFiles::has_base() const {
  const std::lock_guard guard(lock_);
  return state_.manifest.base.has_value();
}

int64_t AofFiles::last_increment() const {
  const std::lock_guard guard(lock_);
  const std::vector<ManifestFile>& increments = state_.manifest.increments;
  return increments.empty() ? 0 : increments.back().seq;
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
