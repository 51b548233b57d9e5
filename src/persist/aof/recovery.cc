#include "persist/aof/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace kvstash::persist {
namespace {

using Ending = IncrementScan::Ending;

constexpr std::string_view kRdbMagic = "REDIS";
constexpr std::string_view kValkeyMagic = "VALKEY";

Error refuse(const AofLayout& layout, const std::string& path, const IncrementScan& scan,
             std::string_view why) {
  return Error::text(fmt::format(
      "Bad file format reading the append only file {}: {} at offset {}{}. Make a backup of the "
      "directory, then run: kvstash --check-aof --fix {}",
      path, scan.error.empty() ? "unexpected end of file" : scan.error, scan.error_offset, why,
      layout.manifest_path()));
}

Error refuse_truncated(const AofLayout& layout, const std::string& path,
                       const IncrementScan& scan) {
  return Error::text(fmt::format(
      "Unexpected end of file reading the append only file {} at offset {} (whole up to {}). You "
      "can: 1) Make a backup of the directory, then run: kvstash --check-aof --fix {}. 2) "
      "Alternatively set the 'aof-load-truncated' configuration option to yes and start the server "
      "again.",
      path, scan.error_offset, scan.sound_bytes, layout.manifest_path()));
}

class Planner {
 public:
  Planner(Disk& disk, const AofLayout& layout, const RecoveryOptions& options)
      : disk_(disk), layout_(layout), options_(options) {}

  Result<RecoveryPlan> plan() {
    Result<AofState> state = read_aof_state(disk_, layout_);
    if (!state.ok()) return state.error();
    plan_.state = *std::move(state);
    const Result<bool> adopts = adopts_old_file();
    if (!adopts.ok()) return adopts.error();
    if (*adopts) {
      plan_.adopts_old_file = true;
      return std::move(plan_);
    }
    if (Status found = find_manifest(); !found.ok()) return found.error();
    if (Status scanned = scan_all(); !scanned.ok()) return scanned.error();
    if (Status judged = judge(); !judged.ok()) return judged.error();
    return std::move(plan_);
  }

 private:
  // As Redis decides: also if an earlier taking over was interrupted before it moved the file.
  Result<bool> adopts_old_file() {
    const Result<std::optional<Disk::FileInfo>> old = disk_.find(layout_.old_file_path());
    if (!old.ok()) return old.error();
    if (!old->has_value() || (*old)->is_directory) return false;
    const Manifest& manifest = plan_.state.manifest;
    if (manifest.is_empty()) return true;
    if (!manifest.increments.empty() || manifest.base->name != layout_.file_name) return false;
    const Result<std::optional<Disk::FileInfo>> moved = disk_.find(layout_.path(layout_.file_name));
    if (!moved.ok()) return moved.error();
    return !moved->has_value();
  }

  // Data without a manifest: an accident, for the manifest is written first.
  Status find_manifest() {
    const Result<std::optional<Disk::FileInfo>> manifest = disk_.find(layout_.manifest_path());
    if (!manifest.ok()) return manifest.error();
    if (manifest->has_value()) return {};
    const Result<std::optional<Disk::FileInfo>> directory = disk_.find(layout_.directory_path());
    if (!directory.ok()) return directory.error();
    if (!directory->has_value()) return {};
    const Result<std::vector<std::string>> names = disk_.list(layout_.directory_path());
    if (!names.ok()) return names.error();
    for (const std::string& name : *names) {
      if (layout_.is_data_name(name))
        return Error::text(fmt::format(
            "The append only directory {} holds {} but no manifest {}. Restore the manifest from a "
            "backup, or move the files of the directory away to start without them.",
            layout_.directory_path(), name, layout_.manifest_path()));
    }
    return {};
  }

  Status scan_all() {
    const Manifest& manifest = plan_.state.manifest;
    if (manifest.base) {
      if (Status scanned = scan_base(*manifest.base); !scanned.ok()) return scanned;
    }
    for (const ManifestFile& file : manifest.increments) {
      Result<std::unique_ptr<DiskFile>> opened = open(file.name);
      if (!opened.ok()) return opened.error();
      Result<IncrementScan> scan = scan_increment(**opened, {.bytes = file.bytes});
      if (!scan.ok()) return scan.error();
      scans_.push_back({file.name, *std::move(scan)});
    }
    return {};
  }

  Status scan_base(const ManifestFile& file) {
    Result<std::unique_ptr<DiskFile>> opened = open(file.name);
    if (!opened.ok()) return opened.error();
    const Result<uint64_t> size = (*opened)->size();
    if (!size.ok()) return size.error();
    char magic[kValkeyMagic.size()] = {};
    const Result<size_t> got = (*opened)->read(0, magic, sizeof(magic));
    if (!got.ok()) return got.error();
    const std::string_view begin(magic, *got);
    RecoveredFile base{.name = file.name, .file_bytes = *size, .end = *size, .header = {}};
    base.begins_with_rdb = begin.starts_with(kRdbMagic) || begin == kValkeyMagic;
    if (!base.begins_with_rdb) {
      Result<IncrementScan> scan = scan_increment(**opened);
      if (!scan.ok()) return scan.error();
      base_scan_ = *std::move(scan);
    }
    plan_.base = std::move(base);
    return {};
  }

  Result<std::unique_ptr<DiskFile>> open(const std::string& name) {
    Result<std::unique_ptr<DiskFile>> file = disk_.open(layout_.path(name), Disk::Access::kRead);
    if (file.ok()) return file;
    return Error::text(
        fmt::format("Fatal error: can't open the append log file for reading: {}. The manifest {} "
                    "names it; restore it from a backup, or run: kvstash --check-aof {}",
                    file.error().message(), layout_.manifest_path(), layout_.manifest_path()));
  }

  Status judge() {
    if (base_scan_) {
      if (Status judged = judge_base(); !judged.ok()) return judged;
    }
    for (size_t i = 0; i < scans_.size(); ++i) {
      const Result<bool> goes_on = judge_increment(i);
      if (!goes_on.ok()) return goes_on.error();
      if (!*goes_on) {
        drop_from(i + 1);
        break;
      }
    }
    return {};
  }

  Status judge_base() {
    const std::string path = layout_.path(plan_.base->name);
    if (base_scan_->ending == Ending::kDamaged) return refuse(layout_, path, *base_scan_, "");
    if (base_scan_->ending == Ending::kTruncated) {
      // A base that is not the last file was written as a whole; a single old file was not.
      if (!scans_.empty())
        return refuse(layout_, path, *base_scan_, ", and it is not the last file");
      if (!options_.load_truncated) return refuse_truncated(layout_, path, *base_scan_);
      tell_of_cut(plan_.base->name, *base_scan_);
    }
    plan_.base->end = base_scan_->sound_bytes;
    const uint64_t end = plan_.base->end;
    plan_.cuts.push_back({.name = plan_.base->name, .bytes = end, .unsure_begin = end});
    return {};
  }

  // Adds the increment to what is loaded. Returns false if the ones behind it are lost.
  Result<bool> judge_increment(size_t i) {
    const auto& [name, scan] = scans_[i];
    const std::string path = layout_.path(name);
    const bool is_last = i + 1 == scans_.size();
    const bool is_ours = scan.is_ours() && !scan.ends_foreign();
    if (Status fits = check_begin(i); !fits.ok()) {
      // What is missing before this increment was never known to be on the disk.
      const bool is_gap = scan.header->lsn > plan_.position->lsn;
      if (!is_gap || !is_torn(i, plan_.position->lsn)) return fits.error();
      plan_.notices.emplace_back(fits.error().message());
      drop_from(i);
      return false;
    }
    RecoveredFile file{.name = name,
                       .file_bytes = scan.file_bytes,
                       .end = scan.sound_bytes,
                       .header = scan.header};
    bool goes_on = true;
    if (scan.ending != Ending::kWhole) {
      if (is_ours) {
        if (!is_torn(i + 1, scan.error_lsn) || scan.synced > scan.error_lsn)
          return refuse(layout_, path, scan,
                        ", below what was known to be on the disk, so it is not a torn tail");
      } else if (scan.ending == Ending::kDamaged) {
        return refuse(layout_, path, scan, "");
      } else if (!is_last) {
        return refuse(layout_, path, scan, ", and the truncated file is not the last file");
      }
      if (!options_.load_truncated) return refuse_truncated(layout_, path, scan);
      tell_of_cut(name, scan);
      goes_on = is_last;
    }
    plan_.cuts.push_back({.name = name, .bytes = file.end, .unsure_begin = unsure_begin(i)});
    take_position(scan, scan.sound_lsn);
    plan_.increments.push_back(std::move(file));
    return goes_on;
  }

  // What Redis wrote says nothing of what was on the disk.
  uint64_t unsure_begin(size_t i) const {
    const IncrementScan& scan = scans_[i].second;
    if (!scan.is_ours() || scan.ends_foreign()) return scan.sound_bytes;
    for (size_t later = i; later < scans_.size(); ++later) {
      const IncrementScan& other = scans_[later].second;
      if (other.is_ours() && other.synced > scan.sound_lsn) return scan.sound_bytes;
      if (!other.is_ours() || other.ends_foreign()) break;  // Its LSNs may be of another history.
    }
    return scan.sure_bytes;
  }

  // An increment of ours behind one of ours of the same history begins where that one ended.
  Status check_begin(size_t i) const {
    const IncrementScan& scan = scans_[i].second;
    if (!plan_.position || !scan.header || scan.header->lsn == plan_.position->lsn) return {};
    return Error::text(fmt::format(
        "The append only file {} begins at LSN {}, but what stands before it ends at LSN {}: "
        "records {}. Make a backup of the directory, then run: kvstash --check-aof {}",
        layout_.path(scans_[i].first), scan.header->lsn, plan_.position->lsn,
        scan.header->lsn > plan_.position->lsn ? "are missing" : "stand there twice",
        layout_.manifest_path()));
  }

  // No increment from `first` on, nor one before, says that more than `lsn` was on the disk, and
  // none of them was written by Redis. An empty one says nothing.
  bool is_torn(size_t first, uint64_t lsn) const {
    if (synced_ > lsn) return false;
    return std::all_of(scans_.begin() + static_cast<ptrdiff_t>(first), scans_.end(),
                       [lsn](const auto& named) {
                         const IncrementScan& scan = named.second;
                         if (scan.file_bytes == 0) return true;
                         return scan.is_ours() && !scan.ends_foreign() && scan.synced <= lsn;
                       });
  }

  void take_position(const IncrementScan& scan, uint64_t lsn) {
    if (scan.file_bytes == 0) return;  // Redis began it and wrote nothing.
    if (!scan.is_ours() || scan.ends_foreign()) {
      plan_.position.reset();
      synced_ = 0;
      return;
    }
    plan_.position = RecoveryPlan::Position{.lsn = lsn, .replid = scan.header->replid};
    synced_ = std::max(synced_, scan.synced);
  }

  void tell_of_cut(const std::string& name, const IncrementScan& scan) {
    plan_.notices.push_back(
        fmt::format("Truncating the AOF {} at offset {}, {} bytes before its end: {} at offset {}",
                    layout_.path(name), scan.sound_bytes, scan.file_bytes - scan.sound_bytes,
                    scan.error.empty() ? "unexpected end of file" : scan.error, scan.error_offset));
  }

  void drop_from(size_t first) {
    for (size_t i = first; i < scans_.size(); ++i) {
      plan_.dropped.push_back(scans_[i].first);
      plan_.notices.push_back(
          fmt::format("{} is not loaded: it follows on records that a crash lost",
                      layout_.path(scans_[i].first)));
    }
  }

  Disk& disk_;
  const AofLayout& layout_;
  RecoveryOptions options_;
  RecoveryPlan plan_;
  // The highest LSN that the increments up to the present one say was on the disk.
  uint64_t synced_ = 0;
  std::optional<IncrementScan> base_scan_;
  std::vector<std::pair<std::string, IncrementScan>> scans_;
};

}  // namespace

Result<RecoveryPlan> plan_recovery(Disk& disk, const AofLayout& layout,
                                   const RecoveryOptions& options) {
  return Planner(disk, layout, options).plan();
}

Result<AofState> read_aof_state(Disk& disk, const AofLayout& layout) {
  AofState state;
  const auto read = [&disk](const std::string& path) -> Result<std::optional<std::string>> {
    const Result<std::optional<Disk::FileInfo>> info = disk.find(path);
    if (!info.ok()) return info.error();
    if (!info->has_value()) return std::optional<std::string>();
    Result<std::string> text = read_whole(disk, path, kManifestBytesMax);
    if (!text.ok()) return text.error();
    return std::optional<std::string>(*std::move(text));
  };
  const Result<std::optional<std::string>> manifest = read(layout.manifest_path());
  if (!manifest.ok()) return manifest.error();
  if (manifest->has_value()) {
    Result<Manifest> parsed = parse_manifest(**manifest);
    if (!parsed.ok())
      return Error::text(fmt::format("Fatal error in the AOF manifest {}: {}",
                                     layout.manifest_path(), parsed.error().message()));
    state.manifest = *std::move(parsed);
  }
  const Result<std::optional<std::string>> kept = read(layout.kept_path());
  if (!kept.ok()) return kept.error();
  if (kept->has_value()) {
    Result<std::vector<KeptIncrement>> parsed = parse_kept(**kept);
    // Replicas can do without: what is in the list is not data of the log.
    if (parsed.ok()) state.kept = *std::move(parsed);
  }
  return state;
}

}  // namespace kvstash::persist
