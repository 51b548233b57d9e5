#include "server/process.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace kvstash::server {
namespace {

// Descriptors kept for everything that is no client: listeners, loops, log, files.
constexpr int64_t kReservedDescriptors = 32;
constexpr std::string_view kDaemonPidfile = "/var/run/redis.pid";

std::string pidfile_of(const ProcessOptions& options) {
  if (!options.pidfile.empty()) return options.pidfile;
  return options.daemonize ? std::string(kDaemonPidfile) : std::string();
}

}  // namespace

Status daemonize() {
  const pid_t child = ::fork();
  if (child < 0) return Error::text(std::string("Can't fork: ") + std::strerror(errno));
  if (child > 0) std::_Exit(0);
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return Error::literal("Can't open /dev/null");
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::dup2(null, stream);
  if (null > STDERR_FILENO) ::close(null);
  return {};
}

Status write_pidfile(const ProcessOptions& options) {
  const std::string path = pidfile_of(options);
  if (path.empty()) return {};
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr)
    return Error::text("Failed to write PID file " + path + ": " + std::strerror(errno));
  std::fprintf(file, "%d\n", static_cast<int>(::getpid()));
  std::fclose(file);
  return {};
}

void remove_pidfile(const ProcessOptions& options) {
  const std::string path = pidfile_of(options);
  if (!path.empty()) ::unlink(path.c_str());
}

bool has_systemd(const ProcessOptions& options) {
  return (options.supervised == Supervised::kSystemd || options.supervised == Supervised::kAuto) &&
         std::getenv("NOTIFY_SOCKET") != nullptr;
}

bool has_upstart(const ProcessOptions& options) {
  return (options.supervised == Supervised::kUpstart || options.supervised == Supervised::kAuto) &&
         std::getenv("UPSTART_JOB") != nullptr;
}

void stop_for_upstart(const ProcessOptions& options) {
  if (!has_upstart(options)) return;
  ::unsetenv("UPSTART_JOB");
  ::raise(SIGSTOP);
}

void notify_supervisor(std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // A NUL begins an abstract name.
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // If the supervisor is gone the message is lost; there is no one else to report that to.
  static_cast<void>(!::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address),
                              static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length)));
  ::close(fd);
}

int64_t fit_descriptor_limit(int64_t maxclients) {
  const auto wanted = static_cast<rlim_t>(maxclients + kReservedDescriptors);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return maxclients;
  rlimit raised{.rlim_cur = wanted, .rlim_max = std::max(limit.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return maxclients;
  const std::string why = std::strerror(errno);
  raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0 && limit.rlim_max >= wanted) return maxclients;
  const int64_t fits =
      std::max<int64_t>(static_cast<int64_t>(limit.rlim_max) - kReservedDescriptors, 1);
  const std::string most = std::to_string(limit.rlim_max);
  log(LogLevel::kWarning, "You requested maxclients of " + std::to_string(maxclients) +
                              " requiring at least " + std::to_string(wanted) +
                              " max file descriptors.");
  log(LogLevel::kWarning, "Server can't set maximum open files to " + std::to_string(wanted) +
                              " because of OS error: " + why + ".");
  log(LogLevel::kWarning,
      "Current maximum open files is " + most + ". maxclients has been reduced to " +
          std::to_string(fits) +
          " to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.");
  return fits;
}

void print_banner(const ServerOptions& options, std::string_view version) {
  const int64_t port = options.net.port != 0 ? options.net.port : options.net.tls.port;
  std::printf("\n  kvstash %.*s\n  Running in %s mode\n  Port: %lld\n  PID: %d\n\n",
              static_cast<int>(version.size()), version.data(),
              options.is_sentinel ? "sentinel" : "standalone", static_cast<long long>(port),
              static_cast<int>(::getpid()));
  std::fflush(stdout);
}

}  // namespace kvstash::server
