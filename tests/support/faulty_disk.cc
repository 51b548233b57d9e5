// A layer between a server and the file system, to be preloaded: calls on files fail, come short,
// or last, as a file of rules says; and what was synced is noted, so that a test can take away the
// rest.
//
//   FAULTY_DISK_RULES   a file of rules, read again when it changes: "<call> <part of the path>
//                       <fail|stall|short> <errno|milliseconds|bytes> <times>" a line; times -1:
//                       always
//   FAULTY_DISK_SYNCED  a file to which "<inode> <bytes>" is appended behind each sync that
//   succeeds
//
// Calls: open, write, sync (fsync and fdatasync, also of directories), rename, truncate, unlink.
// Only files opened by a relative path count, since a server keeps its data in its directory.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace {

template <typename Function>
Function* next_of(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct Rule {
  std::string call;
  std::string path;
  std::string action;
  long value = 0;
  long left = 0;
};

class Rules {
 public:
  // Returns the first rule for the call, and counts it.
  bool take(const char* call, const std::string& path, Rule& rule) {
    const std::lock_guard guard(lock_);
    read();
    for (Rule& each : rules_) {
      if (each.call != call || path.find(each.path) == std::string::npos || each.left == 0)
        continue;
      if (each.left > 0) --each.left;
      rule = each;
      return true;
    }
    return false;
  }

 private:
  void read() {
    const char* name = std::getenv("FAULTY_DISK_RULES");
    struct stat now {};
    if (name == nullptr || ::stat(name, &now) != 0) return;
    if (now.st_ino == seen_.st_ino && now.st_mtim.tv_nsec == seen_.st_mtim.tv_nsec &&
        now.st_mtim.tv_sec == seen_.st_mtim.tv_sec)
      return;
    seen_ = now;
    rules_.clear();
    FILE* file = std::fopen(name, "re");
    if (file == nullptr) return;
    std::array<char, 64> call{};
    std::array<char, 256> path{};
    std::array<char, 64> action{};
    long value = 0;
    long times = 0;
    while (std::fscanf(file, "%63s %255s %63s %ld %ld", call.data(), path.data(), action.data(),
                       &value, &times) == 5)
      rules_.push_back({call.data(), path.data(), action.data(), value, times});
    std::fclose(file);
  }

  std::mutex lock_;
  struct stat seen_ {};
  std::vector<Rule> rules_;
};

Rules& rules() {
  static Rules* all = new Rules;  // Lives as long as the process.
  return *all;
}

class OpenFiles {
 public:
  void put(int fd, std::string path) {
    const std::lock_guard guard(lock_);
    if (fd >= 0 && fd < static_cast<int>(paths_.size())) paths_[static_cast<size_t>(fd)] = path;
  }
  std::string path(int fd) {
    const std::lock_guard guard(lock_);
    if (fd < 0 || fd >= static_cast<int>(paths_.size())) return "";
    return paths_[static_cast<size_t>(fd)];
  }

 private:
  std::mutex lock_;
  std::array<std::string, 1024> paths_;
};

OpenFiles& open_files() {
  static OpenFiles* all = new OpenFiles;
  return *all;
}

// Stalls if a rule says so. Returns true if the call fails, with errno set.
bool fails(const char* call, const std::string& path, size_t* bytes = nullptr) {
  Rule rule;
  if (path.empty() || !rules().take(call, path, rule)) return false;
  if (rule.action == "stall") {
    ::poll(nullptr, 0, static_cast<int>(rule.value));
    return false;
  }
  if (rule.action == "short") {
    if (bytes != nullptr && *bytes > static_cast<size_t>(rule.value))
      *bytes = static_cast<size_t>(rule.value);
    return false;
  }
  errno = static_cast<int>(rule.value);
  return true;
}

int sync_file(int fd, const char* name) {
  const std::string path = open_files().path(fd);
  if (fails("sync", path)) return -1;
  struct stat before {};
  ::fstat(fd, &before);
  const int done = next_of<int(int)>(name)(fd);
  const char* log = std::getenv("FAULTY_DISK_SYNCED");
  if (done == 0 && log != nullptr && !path.empty()) {
    const int to = next_of<int(const char*, int, ...)>("open")(
        log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    const std::string line =
        std::to_string(before.st_ino) + " " + std::to_string(before.st_size) + "\n";
    static_cast<void>(
        !next_of<ssize_t(int, const void*, size_t)>("write")(to, line.data(), line.size()));
    ::close(to);
  }
  return done;
}

int open_file(const char* path, int flags, mode_t mode) {
  const bool is_data = path[0] != '/';
  if (is_data && fails("open", path)) return -1;
  const int fd = next_of<int(const char*, int, ...)>("open")(path, flags, mode);
  open_files().put(fd, is_data ? path : "");
  return fd;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_file(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_file(path, flags, mode);
}

int close(int fd) {
  open_files().put(fd, "");
  return next_of<int(int)>("close")(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  if (fails("write", open_files().path(fd), &count)) return -1;
  return next_of<ssize_t(int, const void*, size_t)>("write")(fd, bytes, count);
}

int fsync(int fd) {
  return sync_file(fd, "fsync");
}
int fdatasync(int fd) {
  return sync_file(fd, "fdatasync");
}

int rename(const char* from, const char* to) {
  if (fails("rename", to)) return -1;
  return next_of<int(const char*, const char*)>("rename")(from, to);
}

int ftruncate(int fd, off_t size) {
  if (fails("truncate", open_files().path(fd))) return -1;
  return next_of<int(int, off_t)>("ftruncate")(fd, size);
}

int unlink(const char* path) {
  if (path[0] != '/' && fails("unlink", path)) return -1;
  return next_of<int(const char*)>("unlink")(path);
}

}  // extern "C"
