#include "base/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace kvstash {
namespace {

constexpr size_t kReadStepBytes = size_t{256} << 10;

// Makes a call again as long as signals interrupt it.
template <typename Call>
auto without_interruption(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

Error disk_error(std::string_view what, std::string_view path) {
  const int code = errno;
  return Error::text(std::string(what) + " " + std::string(path) + ": " + std::strerror(code));
}

Result<size_t> write_at(int fd, const std::string& path, uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return size_t{0};
  const ssize_t put = without_interruption(
      [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
  if (put == 0) errno = EIO;  // No progress; the caller would ask for ever.
  if (put <= 0) return disk_error("write", path);
  return static_cast<size_t>(put);
}

class SystemFile final : public DiskFile {
 public:
  SystemFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;
  ~SystemFile() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<size_t> write(std::string_view bytes) override {
    if (bytes.empty()) return size_t{0};
    const ssize_t put =
        without_interruption([&] { return ::write(fd_, bytes.data(), bytes.size()); });
    if (put == 0) errno = EIO;  // No progress; the caller would ask for ever.
    if (put <= 0) return disk_error("write", path_);
    return static_cast<size_t>(put);
  }

  Result<size_t> overwrite(uint64_t offset, std::string_view bytes) override {
    return write_at(fd_, path_, offset, bytes);
  }

  Status sync() override {
    if (without_interruption([&] { return ::fdatasync(fd_); }) != 0)
      return disk_error("fdatasync", path_);
    return {};
  }

  Status truncate(uint64_t size) override {
    if (without_interruption([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0)
      return disk_error("truncate", path_);
    return {};
  }

  Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
    const ssize_t got = without_interruption(
        [&] { return ::pread(fd_, out, bytes_max, static_cast<off_t>(offset)); });
    if (got < 0) return disk_error("read", path_);
    return static_cast<size_t>(got);
  }

  Result<uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return disk_error("stat", path_);
    return static_cast<uint64_t>(info.st_size);
  }

  Status close() override {
    ensure(fd_ >= 0);
    // On Linux the descriptor is gone even if a signal interrupts closing it.
    if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) return disk_error("close", path_);
    return {};
  }

 private:
  int fd_;
  std::string path_;
};

class SystemScratch final : public ScratchFile {
 public:
  SystemScratch(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  SystemScratch(const SystemScratch&) = delete;
  SystemScratch& operator=(const SystemScratch&) = delete;
  ~SystemScratch() override { ::close(fd_); }

  Result<size_t> write(uint64_t offset, std::string_view bytes) override {
    return write_at(fd_, path_, offset, bytes);
  }

  Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
    const ssize_t got = without_interruption(
        [&] { return ::pread(fd_, out, bytes_max, static_cast<off_t>(offset)); });
    if (got < 0) return disk_error("read", path_);
    return static_cast<size_t>(got);
  }

 private:
  int fd_;
  std::string path_;  // For errors: no file has that name.
};

int flags_of(Disk::Access access) {
  switch (access) {
    case Disk::Access::kRead:
      return O_RDONLY;
    case Disk::Access::kCreate:
      return O_RDWR | O_APPEND | O_CREAT | O_EXCL;
    case Disk::Access::kReplace:
      return O_RDWR | O_APPEND | O_CREAT | O_TRUNC;
    case Disk::Access::kAppend:
      return O_RDWR | O_APPEND;
    case Disk::Access::kOverwrite:
      return O_RDWR;
  }
  ensure(false);
  return 0;
}

// Reads all bytes of an open file.
Result<std::string> read_all_of(DiskFile& file, const std::string& path, size_t bytes_max) {
  std::string content;
  while (true) {
    const size_t had = content.size();
    content.resize(had + kReadStepBytes);
    const Result<size_t> got = file.read(had, content.data() + had, kReadStepBytes);
    if (!got.ok()) return got.error();
    content.resize(had + *got);
    if (*got == 0) return content;
    if (content.size() > bytes_max)
      return Error::text("read " + path + ": larger than " + std::to_string(bytes_max) + " bytes");
  }
}

// Calls put(offset, bytes), which returns how many bytes it put, until all are.
template <typename Put>
Status put_all(uint64_t offset, std::string_view bytes, Put put) {
  while (!bytes.empty()) {
    const Result<size_t> done = put(offset, bytes);
    if (!done.ok()) return done.error();
    bytes.remove_prefix(*done);
    offset += *done;
  }
  return {};
}

Status write_synced(Disk& disk, const std::string& path, std::string_view content) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kReplace);
  if (!file.ok()) return file.error();
  if (Status done = write_all(**file, content); !done.ok()) return done;
  if (Status done = (*file)->sync(); !done.ok()) return done;
  return (*file)->close();
}

}  // namespace

Result<std::unique_ptr<DiskFile>> SystemDisk::open(const std::string& path, Access access) {
  const int fd = without_interruption(
      [&] { return ::open(path.c_str(), flags_of(access) | O_CLOEXEC, mode_t{0644}); });
  if (fd < 0) return disk_error("open", path);
  return std::unique_ptr<DiskFile>(std::make_unique<SystemFile>(fd, path));
}

Result<std::unique_ptr<ScratchFile>> SystemDisk::open_scratch(const std::string& directory) {
  std::string path = join_path(directory, "temp-scratch-XXXXXX");  // The X are replaced.
  const std::string where = directory.empty() ? "." : directory;
  int fd = without_interruption(
      [&] { return ::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode_t{0600}); });
  if (fd < 0) {  // Not every file system can do that.
    fd = without_interruption([&] { return ::mkostemp(path.data(), O_CLOEXEC); });
    if (fd < 0) return disk_error("open", path);
    if (::unlink(path.c_str()) != 0) {
      const Error error = disk_error("remove", path);
      ::close(fd);
      return error;
    }
  }
  return std::unique_ptr<ScratchFile>(std::make_unique<SystemScratch>(fd, path));
}

Result<std::optional<Disk::FileInfo>> SystemDisk::find(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileInfo>();
    return disk_error("stat", path);
  }
  return std::optional<FileInfo>(
      {.size = static_cast<uint64_t>(info.st_size), .is_directory = S_ISDIR(info.st_mode)});
}

Result<std::vector<std::string>> SystemDisk::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
  if (stream == nullptr) return disk_error("list", directory);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return disk_error("list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status SystemDisk::rename(const std::string& from, const std::string& to) {
  if (without_interruption([&] { return ::rename(from.c_str(), to.c_str()); }) != 0)
    return disk_error("rename " + from + " to", to);
  return {};
}

Status SystemDisk::link(const std::string& from, const std::string& to) {
  if (without_interruption([&] { return ::link(from.c_str(), to.c_str()); }) != 0)
    return disk_error("link " + from + " to", to);
  return {};
}

Status SystemDisk::remove(const std::string& path) {
  if (without_interruption([&] { return ::unlink(path.c_str()); }) != 0 && errno != ENOENT)
    return disk_error("remove", path);
  return {};
}

Status SystemDisk::make_directory(const std::string& path) {
  if (without_interruption([&] { return ::mkdir(path.c_str(), mode_t{0755}); }) == 0) return {};
  const int code = errno;
  struct stat info {};
  if (code == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  errno = code;
  return disk_error("make directory", path);
}

Status SystemDisk::sync_directory(const std::string& directory) {
  const int fd = without_interruption(
      [&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return disk_error("open", directory);
  SystemFile opened(fd, directory);
  // Some file systems cannot sync a directory, and say so by EINVAL.
  if (without_interruption([&] { return ::fsync(fd); }) != 0 && errno != EINVAL)
    return disk_error("fsync", directory);
  return opened.close();
}

std::string directory_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  std::string path(directory);
  if (path.back() != '/') path += '/';
  return path.append(name);
}

Status write_all(DiskFile& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<size_t> put = file.write(bytes);
    if (!put.ok()) return put.error();
    bytes.remove_prefix(*put);
  }
  return {};
}

Status write_all(ScratchFile& file, uint64_t offset, std::string_view bytes) {
  return put_all(offset, bytes,
                 [&](uint64_t at, std::string_view left) { return file.write(at, left); });
}

Status overwrite_all(DiskFile& file, uint64_t offset, std::string_view bytes) {
  return put_all(offset, bytes,
                 [&](uint64_t at, std::string_view left) { return file.overwrite(at, left); });
}

Status read_all(ScratchFile& file, uint64_t offset, char* out, size_t size) {
  while (size != 0) {
    const Result<size_t> got = file.read(offset, out, size);
    if (!got.ok()) return got.error();
    if (*got == 0) return Error::literal("a scratch file ends too early");
    offset += *got;
    out += *got;
    size -= *got;
  }
  return {};
}

Result<std::string> read_whole(Disk& disk, const std::string& path, size_t bytes_max) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kRead);
  if (!file.ok()) return file.error();
  return read_all_of(**file, path, bytes_max);
}

Status replace_file(Disk& disk, const std::string& path, const std::string& temporary,
                    std::string_view content) {
  Status done = write_synced(disk, temporary, content);
  if (done.ok()) done = disk.rename(temporary, path);
  if (!done.ok()) {
    // What failed is said; that the temporary file stays as well adds nothing to it.
    (void)disk.remove(temporary).ok();
    return done;
  }
  return disk.sync_directory(directory_of(path));
}

}  // namespace kvstash
