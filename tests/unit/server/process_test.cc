#include "server/process.h"

#include "unit/net/temp_dir.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace kvstash::server {
namespace {

using net::test::TempDir;

// What systemd is to a service: a datagram socket named by $NOTIFY_SOCKET.
class Supervisor {
 public:
  explicit Supervisor(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor() { ::close(fd_); }

  // The next message, or nothing.
  std::string heard() const {
    char bytes[256];
    const ssize_t size = ::recv(fd_, bytes, sizeof(bytes), 0);
    return size < 0 ? "" : std::string(bytes, static_cast<size_t>(size));
  }

 private:
  int fd_;
};

// $NOTIFY_SOCKET for the time of a test, as it was before afterwards.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& value) {
    const char* before = ::getenv(kName);
    if (before != nullptr) before_ = before;
    had_value_ = before != nullptr;
    ::setenv(kName, value.c_str(), 1);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() {
    if (had_value_) {
      ::setenv(kName, before_.c_str(), 1);
    } else {
      ::unsetenv(kName);
    }
  }

 private:
  static constexpr const char* kName = "NOTIFY_SOCKET";
  std::string before_;
  bool had_value_ = false;
};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

TEST_CASE("the pid file holds the pid until it is removed") {
  const TempDir dir;
  ProcessOptions options;
  options.pidfile = dir.file("kvstash.pid");
  REQUIRE(write_pidfile(options).ok());
  CHECK(first_line(options.pidfile) == std::to_string(::getpid()));
  remove_pidfile(options);
  CHECK_FALSE(std::filesystem::exists(options.pidfile));
}

TEST_CASE("a pid file that cannot be written is told with its reason") {
  const TempDir dir;
  ProcessOptions options;
  options.pidfile = dir.file("missing/kvstash.pid");
  const Status written = write_pidfile(options);
  REQUIRE_FALSE(written.ok());
  const std::string message(written.error().message());
  CHECK(message == "Failed to write PID file " + options.pidfile + ": No such file or directory");
}

TEST_CASE("without a pid file and without a daemon none is written") {
  CHECK(write_pidfile({}).ok());
}

TEST_CASE("the supervisor hears what it is told") {
  const TempDir dir;
  const Supervisor supervisor(dir.file("notify"));
  const NotifySocket named(dir.file("notify"));
  notify_supervisor("READY=1\n");
  CHECK(supervisor.heard() == "READY=1\n");
  CHECK(supervisor.heard().empty());
}

TEST_CASE("a supervisor that cannot be reached is no reason to fail") {
  const TempDir dir;
  {
    const NotifySocket named(dir.file("nobody"));
    notify_supervisor("READY=1\n");
  }
  {
    const NotifySocket named("/" + std::string(200, 'x'));  // Longer than a socket's name can be.
    notify_supervisor("READY=1\n");
  }
  const Supervisor supervisor(dir.file("notify"));
  const NotifySocket named("relative");
  notify_supervisor("READY=1\n");
  CHECK(supervisor.heard().empty());
}

}  // namespace kvstash::server
