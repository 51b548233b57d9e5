// ProcessDisk: a disk as one process sees it, until the process dies: from then on each call fails
// and changes nothing, while the disk itself keeps what was written.
#pragma once

#include "base/disk.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

class ProcessDisk final : public Disk {
 public:
  explicit ProcessDisk(Disk& disk) : disk_(&disk) {}

  // The process is killed.
  void die() { *is_dead_ = true; }

  Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) override {
    if (*is_dead_) return dead();
    Result<std::unique_ptr<DiskFile>> file = disk_->open(path, access);
    if (!file.ok()) return file;
    return std::unique_ptr<DiskFile>(std::make_unique<File>(*std::move(file), is_dead_));
  }
  Result<std::unique_ptr<ScratchFile>> open_scratch(const std::string& directory) override {
    if (*is_dead_) return dead();
    return disk_->open_scratch(directory);
  }
  Result<std::optional<FileInfo>> find(const std::string& path) override {
    if (*is_dead_) return dead();
    return disk_->find(path);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    if (*is_dead_) return dead();
    return disk_->list(directory);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return *is_dead_ ? Status(dead()) : disk_->rename(from, to);
  }
  Status link(const std::string& from, const std::string& to) override {
    return *is_dead_ ? Status(dead()) : disk_->link(from, to);
  }
  Status remove(const std::string& path) override {
    return *is_dead_ ? Status(dead()) : disk_->remove(path);
  }
  Status make_directory(const std::string& path) override {
    return *is_dead_ ? Status(dead()) : disk_->make_directory(path);
  }
  Status sync_directory(const std::string& directory) override {
    return *is_dead_ ? Status(dead()) : disk_->sync_directory(directory);
  }

 private:
  static Error dead() { return Error::literal("the process is dead"); }

  class File final : public DiskFile {
   public:
    File(std::unique_ptr<DiskFile> file, std::shared_ptr<const bool> is_dead)
        : file_(std::move(file)), is_dead_(std::move(is_dead)) {}

    Result<size_t> write(std::string_view bytes) override {
      if (*is_dead_) return dead();
      return file_->write(bytes);
    }
    Result<size_t> overwrite(uint64_t offset, std::string_view bytes) override {
      if (*is_dead_) return dead();
      return file_->overwrite(offset, bytes);
    }
    Status sync() override { return *is_dead_ ? Status(dead()) : file_->sync(); }
    Status truncate(uint64_t size) override {
      return *is_dead_ ? Status(dead()) : file_->truncate(size);
    }
    Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
      if (*is_dead_) return dead();
      return file_->read(offset, out, bytes_max);
    }
    Result<uint64_t> size() override {
      if (*is_dead_) return dead();
      return file_->size();
    }
    Status close() override { return *is_dead_ ? Status(dead()) : file_->close(); }

   private:
    std::unique_ptr<DiskFile> file_;
    std::shared_ptr<const bool> is_dead_;
  };

  Disk* disk_;
  std::shared_ptr<bool> is_dead_ = std::make_shared<bool>(false);
};

}  // namespace kvstash::test
