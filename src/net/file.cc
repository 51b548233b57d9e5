#include "net/file.h"

#include "net/fd.h"
#include "net/socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>

namespace kvstash::net {
namespace {

constexpr size_t kReadStepBytes = size_t{64} << 10;

Error file_error(const std::string& what, const std::string& path) {
  const int code = errno;
  return system_error(what + " " + path, code);
}

Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return file_error("write", path);
    content.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

// Returns the file that a symbolic link points to, or the path itself if no file exists.
std::string target_of(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status sync_directory(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.get()) != 0) return file_error("fsync", path);
  return {};
}

// Writes the content to the new file and syncs the file to the disk.
Status write_synced(const Fd& file, std::string_view content, const std::string& path) {
  Status status = write_all(file.get(), content, path);
  if (status.ok() && ::fsync(file.get()) != 0) status = file_error("fsync", path);
  return status;
}

}  // namespace

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return file_error("open", path);
  std::string content;
  while (true) {
    const size_t had = content.size();
    content.resize(had + kReadStepBytes);
    const ssize_t got = ::read(file.get(), content.data() + had, kReadStepBytes);
    content.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path);
    if (got == 0) return content;
    if (content.size() > bytes_max)
      return Error::text("read " + path + ": larger than " + std::to_string(bytes_max) + " bytes");
  }
}

Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string target = target_of(path);
  const std::string temporary = target + ".tmp-" + std::to_string(getpid());
  struct stat old;
  const bool existed = ::stat(target.c_str(), &old) == 0;

  ::unlink(temporary.c_str());  // A process with our number may have left it when it crashed.
  // The file may hold secrets, so until it has the old file's permissions only we may read it.
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                       existed ? mode_t{0600} : mode_t{mode}));
  if (!file.is_open()) return file_error("open", temporary);
  Status status;
  if (existed && ::fchmod(file.get(), old.st_mode & 07777) != 0)
    status = file_error("fchmod", temporary);
  if (status.ok()) status = write_synced(file, content, temporary);
  if (status.ok() && ::rename(temporary.c_str(), target.c_str()) != 0)
    status = file_error("rename", target);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(directory_of(target));
}

}  // namespace kvstash::net
