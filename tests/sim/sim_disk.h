// SimDisk: a disk in memory whose machine can lose its power, from a seed.
//
// It knows what was synced: the content of each file, and the names in each directory. crash()
// keeps that; of everything later it keeps what the seed says: writes survive page by page, in any
// order, and pages may be torn; a file may have grown over bytes that never came, which read as
// zeros or as the rest of some older file; changes of names survive in any order that does not
// contradict itself (a rename is atomic, and two changes of one name keep their order).
//
// Calls that may fail are counted from 1. A test can let the n-th of them fail, let the power go at
// the n-th, or limit the space. After a failed sync() pages may have been dropped: they read as
// before, but no later sync() writes them (as Linux does).
//
// Any thread, behind one mutex. The hook is called before each call, without the mutex, so that a
// test can make a call last.
#pragma once

#include "base/disk.h"
#include "base/ensure.h"
#include "base/random.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

class SimDisk final : public Disk {
 public:
  enum class Fault : uint8_t { kNoSpace, kInputOutput, kShortWrite, kShortRead };
  // The n-th call gets the fault, and the `count` - 1 calls after it. Only a write can be short,
  // and a read of a scratch file; the other calls are not disturbed then.
  struct Injection {
    uint64_t call = 0;
    Fault fault = Fault::kInputOutput;
    uint64_t count = 1;
  };
  // `what` is the word that errors begin with: open, write, fdatasync, rename, ...
  using Hook = std::function<void(std::string_view what, const std::string& path)>;

  explicit SimDisk(uint64_t seed = 1, size_t page_bytes = 16)
      : random_(seed), page_bytes_(page_bytes) {
    directories_.insert(".");
  }

  // ---- What tests do to it.
  void set_hook(Hook hook) { hook_ = std::move(hook); }
  void inject(const Injection& injection) { injection_ = injection; }
  // From the `call`-th call on everything fails until crash(); that call may happen in part.
  void cut_power_at(uint64_t call) { power_off_at_ = call; }
  void set_space(uint64_t bytes) { space_ = bytes; }
  size_t scratch_files() const {  // That are open.
    const std::lock_guard lock(mutex_);
    return scratch_files_;
  }
  uint64_t calls() const { return calls_; }
  void begin_count() { calls_ = 0; }

  // The power goes and comes back. Open files are lost: they fail for ever.
  void crash() {
    const std::lock_guard lock(mutex_);
    ++boot_;
    power_off_at_ = 0;
    injection_.reset();
    survive_names();
    for (const auto& [path, inode] : names_)
      survive_content(*inode);
    synced_names_ = names_;
    changes_.clear();
  }

  // ---- The content, seen from outside: no call, no fault.
  std::optional<std::string> content(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(clean(path));
    if (found == names_.end()) return std::nullopt;
    return found->second->live;
  }
  // Writes a file that is synced, with its name.
  void put(const std::string& path, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    auto inode = std::make_shared<Inode>();
    inode->live = inode->synced = bytes;
    directories_.insert(directory_of(clean(path)));
    names_[clean(path)] = synced_names_[clean(path)] = inode;
  }

  // ---- Disk
  Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) override;
  Result<std::unique_ptr<ScratchFile>> open_scratch(const std::string& directory) override;
  Result<std::optional<FileInfo>> find(const std::string& path) override {
    return with_call("stat", path, [&]() -> Result<std::optional<FileInfo>> {
      if (directories_.contains(clean(path)))
        return std::optional<FileInfo>({.size = 0, .is_directory = true});
      const auto found = names_.find(clean(path));
      if (found == names_.end()) return std::optional<FileInfo>();
      return std::optional<FileInfo>({.size = found->second->live.size(), .is_directory = false});
    });
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return with_call("list", directory, [&]() -> Result<std::vector<std::string>> {
      if (!directories_.contains(clean(directory))) return error("list", directory, kAbsent);
      std::vector<std::string> names;
      for (const auto& [path, inode] : names_) {
        if (directory_of(path) == clean(directory))
          names.push_back(path.substr(path.rfind('/') + 1));
      }
      for (const std::string& path : directories_) {
        if (path != "." && directory_of(path) == clean(directory))
          names.push_back(path.substr(path.rfind('/') + 1));
      }
      std::sort(names.begin(), names.end());
      return names;
    });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return with_call("rename", from, [&]() -> Status {
      const auto found = names_.find(clean(from));
      if (found == names_.end() || !directories_.contains(directory_of(clean(to))))
        return error("rename " + from + " to", to, kAbsent);
      change({.removed = clean(from), .added = clean(to), .inode = found->second});
      return {};
    });
  }
  Status link(const std::string& from, const std::string& to) override {
    return with_call("link", from, [&]() -> Status {
      const auto found = names_.find(clean(from));
      if (found == names_.end()) return error("link " + from + " to", to, kAbsent);
      if (names_.contains(clean(to))) return error("link " + from + " to", to, kPresent);
      change({.removed = "", .added = clean(to), .inode = found->second});
      return {};
    });
  }
  Status remove(const std::string& path) override {
    return with_call("remove", path, [&]() -> Status {
      if (names_.contains(clean(path)))
        change({.removed = clean(path), .added = "", .inode = nullptr});
      return {};
    });
  }
  // Directories are simple here: one that is made survives.
  Status make_directory(const std::string& path) override {
    return with_call("make directory", path, [&]() -> Status {
      if (names_.contains(clean(path))) return error("make directory", path, kPresent);
      directories_.insert(clean(path));
      return {};
    });
  }
  Status sync_directory(const std::string& directory) override {
    return with_call("fsync", directory, [&]() -> Status {
      if (!directories_.contains(clean(directory))) return error("fsync", directory, kAbsent);
      std::vector<bool> chosen;
      for (const Change& each : changes_)
        chosen.push_back(each.touches_directory(clean(directory)));
      keep_changes(synced_names_, chosen);
      return {};
    });
  }

 private:
  class File;
  class Scratch;

  struct Inode {
    std::string live;                   // What reads see.
    std::string synced;                 // What a crash keeps.
    std::vector<std::string> versions;  // What stood there since the last sync, before each cut.
    std::set<size_t> dropped;           // Pages that a failed sync dropped.
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  // One change of names since the directory was synced. An empty name: nothing removed, or added.
  struct Change {
    std::string removed;
    std::string added;
    std::shared_ptr<Inode> inode;

    bool touches_directory(const std::string& directory) const {
      return (!removed.empty() && directory_of(removed) == directory) ||
             (!added.empty() && directory_of(added) == directory);
    }
    bool shares_name(const Change& other) const {
      const auto is_of_other = [&other](const std::string& name) {
        return !name.empty() && (name == other.removed || name == other.added);
      };
      return is_of_other(removed) || is_of_other(added);
    }
    void apply(Names& names) const {
      if (!removed.empty()) names.erase(removed);
      if (!added.empty()) names[added] = inode;
    }
  };

  static constexpr std::string_view kAbsent = "No such file or directory";
  static constexpr std::string_view kPresent = "File exists";
  static constexpr std::string_view kFull = "No space left on device";
  static constexpr std::string_view kBroken = "Input/output error";

  static Error error(std::string_view what, std::string_view path, std::string_view why) {
    return Error::text(std::string(what) + " " + std::string(path) + ": " + std::string(why));
  }
  static std::string clean(std::string_view path) {
    while (path.starts_with("./"))
      path.remove_prefix(2);
    while (path.size() > 1 && path.ends_with('/'))
      path.remove_suffix(1);
    return path.empty() ? "." : std::string(path);
  }

  // Counts a call. Returns the fault that it gets, if any.
  std::optional<Error> fault_of(std::string_view what, const std::string& path) {
    ++calls_;
    if (power_off_at_ != 0 && calls_ >= power_off_at_) return error(what, path, "the power is off");
    if (!injection_ || calls_ < injection_->call || calls_ >= injection_->call + injection_->count)
      return std::nullopt;
    if (injection_->fault == Fault::kShortWrite || injection_->fault == Fault::kShortRead)
      return std::nullopt;
    return error(what, path, injection_->fault == Fault::kNoSpace ? kFull : kBroken);
  }
  bool is_short(Fault fault) const {
    return injection_ && injection_->fault == fault && calls_ >= injection_->call &&
           calls_ < injection_->call + injection_->count;
  }
  bool is_bounded() const { return space_ != std::numeric_limits<uint64_t>::max(); }
  void take_space(uint64_t bytes) {
    if (is_bounded()) space_ -= bytes;
  }
  void give_space_back(uint64_t bytes) {
    if (is_bounded()) space_ += bytes;
  }
  // The call at which the power goes may have happened.
  bool happens_at_power_cut() { return calls_ == power_off_at_ && random_.one_in(2); }

  template <typename Act>
  auto with_call(std::string_view what, const std::string& path, Act act) -> decltype(act()) {
    if (hook_) hook_(what, path);
    const std::lock_guard lock(mutex_);
    if (std::optional<Error> fault = fault_of(what, path)) {
      if (happens_at_power_cut()) (void)act().ok();
      return *std::move(fault);
    }
    return act();
  }

  void change(Change what) {
    what.apply(names_);
    changes_.push_back(std::move(what));
  }

  // Applies the chosen changes to `names`, and all earlier ones that share a name with one of them.
  // They are no longer pending.
  void keep_changes(Names& names, std::vector<bool> chosen) {
    for (size_t i = changes_.size(); i-- > 0;) {
      for (size_t later = i + 1; later < changes_.size() && !chosen[i]; ++later)
        chosen[i] = chosen[later] && changes_[i].shares_name(changes_[later]);
    }
    std::vector<Change> left;
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (chosen[i])
        changes_[i].apply(names);
      else
        left.push_back(changes_[i]);
    }
    changes_ = std::move(left);
  }

  void survive_names() {
    std::vector<bool> chosen;
    const uint64_t style = random_.below(3);  // Nothing, everything, or some.
    for (size_t i = 0; i < changes_.size(); ++i)
      chosen.push_back(style == 1 || (style == 2 && random_.one_in(2)));
    keep_changes(synced_names_, chosen);
    names_ = synced_names_;
  }

  // Chooses what stands on the disk of everything that was written since the last sync.
  void survive_content(Inode& inode) {
    std::vector<std::string> versions = std::move(inode.versions);
    versions.push_back(inode.synced);
    versions.push_back(without_dropped(inode));
    size_t shortest = std::numeric_limits<size_t>::max();
    size_t longest = 0;
    for (const std::string& version : versions) {
      shortest = std::min(shortest, version.size());
      longest = std::max(longest, version.size());
    }
    const uint64_t style = random_.below(4);
    std::string kept;
    if (style == 0) {
      kept = inode.synced;
    } else if (style == 1) {
      kept = versions.back();
    } else {
      kept = std::string(shortest + random_.below(longest - shortest + 1), '\0');
      for (size_t begin = 0; begin < kept.size(); begin += page_bytes_)
        survive_page(kept, begin, versions);
    }
    inode.live = inode.synced = kept;
    inode.versions.clear();
    inode.dropped.clear();
  }

  void survive_page(std::string& kept, size_t begin, const std::vector<std::string>& versions) {
    const size_t end = std::min(begin + page_bytes_, kept.size());
    const std::string& first = versions[random_.below(versions.size())];
    const std::string& second = versions[random_.below(versions.size())];
    const size_t torn_at = random_.one_in(4) ? begin + random_.below(page_bytes_) : end;
    const bool is_stale = random_.one_in(8);
    for (size_t at = begin; at < end; ++at) {
      const std::string& from = at < torn_at ? first : second;
      if (at < from.size()) {
        kept[at] = from[at];
      } else {
        kept[at] = is_stale ? static_cast<char>(random_.below(256)) : '\0';
      }
    }
  }

  // What a sync() would write: the live bytes, but the synced ones where a page was dropped.
  std::string without_dropped(const Inode& inode) const {
    std::string bytes = inode.live;
    for (const size_t page : inode.dropped) {
      for (size_t at = page * page_bytes_; at < std::min((page + 1) * page_bytes_, bytes.size());
           ++at)
        bytes[at] = at < inode.synced.size() ? inode.synced[at] : '\0';
    }
    return bytes;
  }

  Hook hook_;
  mutable std::mutex mutex_;
  Random random_;
  size_t page_bytes_;
  uint64_t calls_ = 0;
  uint64_t power_off_at_ = 0;
  std::optional<Injection> injection_;
  uint64_t space_ = std::numeric_limits<uint64_t>::max();
  uint64_t boot_ = 0;
  size_t scratch_files_ = 0;
  std::set<std::string> directories_;
  Names names_;
  Names synced_names_;
  std::vector<Change> changes_;
};

class SimDisk::File final : public DiskFile {
 public:
  File(SimDisk& disk, std::shared_ptr<Inode> inode, std::string path, Access access)
      : disk_(disk),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writes_(access != Access::kRead && access != Access::kOverwrite),
        overwrites_(access == Access::kOverwrite),
        boot_(disk.boot_) {}

  Result<size_t> write(std::string_view bytes) override {
    if (disk_.hook_) disk_.hook_("write", path_);
    const std::lock_guard lock(disk_.mutex_);
    std::optional<Error> fault = disk_.fault_of("write", path_);
    if (!is_usable() || !writes_) return error("write", path_, "Bad file descriptor");
    if (fault) {  // Even so a part may have been written.
      append(bytes.substr(0, disk_.random_.below(bytes.size() + 1)));
      return *std::move(fault);
    }
    if (disk_.is_short(Fault::kShortWrite) && !bytes.empty())
      bytes = bytes.substr(0, 1 + disk_.random_.below(bytes.size()));
    if (disk_.space_ == 0 && !bytes.empty()) return error("write", path_, kFull);
    bytes = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(bytes.size(), disk_.space_)));
    append(bytes);
    return bytes.size();
  }

  Result<size_t> overwrite(uint64_t offset, std::string_view bytes) override {
    if (disk_.hook_) disk_.hook_("write", path_);
    const std::lock_guard lock(disk_.mutex_);
    std::optional<Error> fault = disk_.fault_of("write", path_);
    if (!is_usable() || !overwrites_) return error("write", path_, "Bad file descriptor");
    ensure(offset + bytes.size() <= inode_->live.size());
    if (fault) {  // Even so a part may have been written.
      put(static_cast<size_t>(offset), bytes.substr(0, disk_.random_.below(bytes.size() + 1)));
      return *std::move(fault);
    }
    if (disk_.is_short(Fault::kShortWrite) && !bytes.empty())
      bytes = bytes.substr(0, 1 + disk_.random_.below(bytes.size()));
    put(static_cast<size_t>(offset), bytes);
    return bytes.size();
  }

  Status sync() override {
    if (disk_.hook_) disk_.hook_("fdatasync", path_);
    const std::lock_guard lock(disk_.mutex_);
    std::optional<Error> fault = disk_.fault_of("fdatasync", path_);
    if (!is_usable()) return error("fdatasync", path_, "Bad file descriptor");
    if (fault) {
      drop_pages();
      return *std::move(fault);
    }
    inode_->synced = disk_.without_dropped(*inode_);
    inode_->versions.clear();
    return {};
  }

  Status truncate(uint64_t size) override {
    return disk_.with_call("truncate", path_, [&]() -> Status {
      if (!is_usable() || !writes_) return error("truncate", path_, "Bad file descriptor");
      ensure(size <= inode_->live.size());
      inode_->versions.push_back(inode_->live);
      disk_.give_space_back(inode_->live.size() - size);
      inode_->live.resize(size);
      return {};
    });
  }

  Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
    return disk_.with_call("read", path_, [&]() -> Result<size_t> {
      if (!is_usable()) return error("read", path_, "Bad file descriptor");
      if (offset >= inode_->live.size()) return size_t{0};
      return inode_->live.copy(out, bytes_max, static_cast<size_t>(offset));
    });
  }

  Result<uint64_t> size() override {
    return disk_.with_call("stat", path_, [&]() -> Result<uint64_t> {
      if (!is_usable()) return error("stat", path_, "Bad file descriptor");
      return uint64_t{inode_->live.size()};
    });
  }

  Status close() override {
    return disk_.with_call("close", path_, [&]() -> Status {
      if (!is_usable()) return error("close", path_, "Bad file descriptor");
      is_closed_ = true;
      return {};
    });
  }

 private:
  bool is_usable() const { return !is_closed_ && boot_ == disk_.boot_; }

  void append(std::string_view bytes) {
    const size_t begin = inode_->live.size();
    inode_->live.append(bytes);
    for (size_t at = begin; at < inode_->live.size(); ++at)
      inode_->dropped.erase(at / disk_.page_bytes_);
    disk_.take_space(bytes.size());
  }

  // The pages that are written in part are read before, and written as a whole.
  void put(size_t begin, std::string_view bytes) {
    if (bytes.empty()) return;
    inode_->versions.push_back(disk_.without_dropped(*inode_));
    inode_->live.replace(begin, bytes.size(), bytes);
    for (size_t page = begin / disk_.page_bytes_;
         page <= (begin + bytes.size() - 1) / disk_.page_bytes_; ++page)
      inode_->dropped.erase(page);
  }

  // Each page that differs is written or dropped.
  void drop_pages() {
    std::string& synced = inode_->synced;
    const std::string& live = inode_->live;
    const size_t pages = (live.size() + disk_.page_bytes_ - 1) / disk_.page_bytes_;
    for (size_t page = 0; page < pages; ++page) {
      const size_t begin = page * disk_.page_bytes_;
      const std::string bytes = live.substr(begin, disk_.page_bytes_);
      if (begin < synced.size() && synced.compare(begin, disk_.page_bytes_, bytes) == 0) continue;
      if (disk_.random_.one_in(2)) inode_->dropped.insert(page);
    }
    inode_->versions.push_back(synced);
    inode_->versions.push_back(disk_.without_dropped(*inode_));
  }

  SimDisk& disk_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  bool writes_;
  bool overwrites_;
  uint64_t boot_;
  bool is_closed_ = false;
};

// A crash takes it, whole.
class SimDisk::Scratch final : public ScratchFile {
 public:
  explicit Scratch(SimDisk& disk) : disk_(disk), boot_(disk.boot_) { ++disk.scratch_files_; }
  ~Scratch() override {
    const std::lock_guard lock(disk_.mutex_);
    disk_.give_space_back(bytes_.size());
    --disk_.scratch_files_;
  }

  Result<size_t> write(uint64_t offset, std::string_view bytes) override {
    if (disk_.hook_) disk_.hook_("write", path_);
    const std::lock_guard lock(disk_.mutex_);
    std::optional<Error> fault = disk_.fault_of("write", path_);
    ensure(offset <= bytes_.size());
    if (boot_ != disk_.boot_) return error("write", path_, "Bad file descriptor");
    if (fault) {  // Even so a part may have been written.
      static_cast<void>(put(offset, bytes.substr(0, disk_.random_.below(bytes.size() + 1))));
      return *std::move(fault);
    }
    if (disk_.is_short(Fault::kShortWrite) && !bytes.empty())
      bytes = bytes.substr(0, 1 + disk_.random_.below(bytes.size()));
    const size_t done = put(offset, bytes);
    if (done == 0 && !bytes.empty()) return error("write", path_, kFull);
    return done;
  }

  Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
    return disk_.with_call("read", path_, [&]() -> Result<size_t> {
      if (boot_ != disk_.boot_) return error("read", path_, "Bad file descriptor");
      if (offset >= bytes_.size()) return size_t{0};
      if (disk_.is_short(Fault::kShortRead) && bytes_max != 0)
        bytes_max = 1 + disk_.random_.below(bytes_max);
      return bytes_.copy(out, bytes_max, static_cast<size_t>(offset));
    });
  }

 private:
  // Returns how many of the bytes there was space for.
  size_t put(uint64_t offset, std::string_view bytes) {
    const size_t has = bytes_.size() - static_cast<size_t>(offset);
    const uint64_t room = has + std::min<uint64_t>(disk_.space_, bytes.size());
    bytes = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(bytes.size(), room)));
    const size_t before = bytes_.size();
    bytes_.replace(static_cast<size_t>(offset), bytes.size(), bytes);
    disk_.take_space(bytes_.size() - before);
    return bytes.size();
  }

  SimDisk& disk_;
  const std::string path_ = "scratch";
  uint64_t boot_;
  std::string bytes_;
};

inline Result<std::unique_ptr<ScratchFile>> SimDisk::open_scratch(const std::string& directory) {
  return with_call("open", directory, [&]() -> Result<std::unique_ptr<ScratchFile>> {
    if (!directories_.contains(clean(directory))) return error("open", directory, kAbsent);
    return std::unique_ptr<ScratchFile>(std::make_unique<Scratch>(*this));
  });
}

inline Result<std::unique_ptr<DiskFile>> SimDisk::open(const std::string& path, Access access) {
  return with_call("open", path, [&]() -> Result<std::unique_ptr<DiskFile>> {
    const std::string name = clean(path);
    auto found = names_.find(name);
    const bool exists = found != names_.end();
    if (directories_.contains(name)) return error("open", path, "Is a directory");
    if (!directories_.contains(directory_of(name))) return error("open", path, kAbsent);
    if (exists && access == Access::kCreate) return error("open", path, kPresent);
    if (!exists && access != Access::kCreate && access != Access::kReplace)
      return error("open", path, kAbsent);
    if (!exists) {
      change({.removed = "", .added = name, .inode = std::make_shared<Inode>()});
      found = names_.find(name);
    } else if (access == Access::kReplace) {
      found->second->versions.push_back(std::exchange(found->second->live, ""));
    }
    return std::unique_ptr<DiskFile>(std::make_unique<File>(*this, found->second, path, access));
  });
}

}  // namespace kvstash::test
