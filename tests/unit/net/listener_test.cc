#include "net/listener.h"

#include "net/socket.h"
#include "unit/net/loopback.h"
#include "unit/net/temp_dir.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

// Keeps what was accepted.
struct Guests {
  std::vector<Fd> fds;
  std::vector<Address> peers;

  Listener::Accepted door() {
    return [this](int fd, const Address& peer) {
      fds.emplace_back(fd);
      peers.push_back(peer);
    };
  }
};

std::unique_ptr<Listener> listen_at(Loop& loop, std::vector<std::string> bind, Guests& guests) {
  Result<std::unique_ptr<Listener>> listener =
      Listener::tcp(loop, {.bind = std::move(bind)}, guests.door());
  REQUIRE(listener.ok());
  return std::move(*listener);
}

bool has_ipv6() {
  const Fd fd(socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_addr = in6addr_loopback;
  return fd.is_open() && bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)) == 0;
}

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

// Takes away the descriptors of this process until destroyed.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next_free());
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  static int next_free() {
    const int fd = dup(0);
    ::close(fd);
    return fd;
  }
  rlimit before_{};
};

}  // namespace

TEST_CASE("a connection is handed on with the address of its peer") {
  Loop loop;
  Guests guests;
  const auto listener = listen_at(loop, {"127.0.0.1"}, guests);
  REQUIRE(listener->port() != 0);

  const Fd client = connect_tcp(listener->port());
  REQUIRE(client.is_open());
  run_until(loop, [&] { return !guests.fds.empty(); });
  CHECK(guests.peers[0] == local_address(client.get()));
  CHECK(local_address(guests.fds[0].get()).text() ==
        "127.0.0.1:" + std::to_string(listener->port()));
}

TEST_CASE("what was accepted does not block and is closed on exec") {
  Loop loop;
  Guests guests;
  const auto listener = listen_at(loop, {"127.0.0.1"}, guests);
  const Fd client = connect_tcp(listener->port());
  run_until(loop, [&] { return !guests.fds.empty(); });
  CHECK((fcntl(guests.fds[0].get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(guests.fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a star listens on IPv4, and on IPv6 with its own sign, under one port") {
  Loop loop;
  Guests guests;
  const auto listener = listen_at(loop, {"*", "-::*"}, guests);
  const Fd v4 = connect_tcp(listener->port());
  CHECK(v4.is_open());
  if (has_ipv6()) {
    REQUIRE(listener->addresses().size() == 2);
    CHECK(listener->addresses()[0].port() == listener->addresses()[1].port());
    const Fd v6 = connect_tcp(listener->port(), "::1");
    REQUIRE(v6.is_open());
    run_until(loop, [&] { return guests.fds.size() == 2; });
  } else {
    run_until(loop, [&] { return guests.fds.size() == 1; });
  }
}

TEST_CASE("an IPv6 socket does not take IPv4 connections") {
  if (!has_ipv6()) return;
  Loop loop;
  Guests guests;
  const auto listener = listen_at(loop, {"::*"}, guests);
  CHECK_FALSE(connect_tcp(listener->port()).is_open());
}

TEST_CASE("a port in use is refused with the reason") {
  Loop loop;
  Guests guests;
  const auto first = listen_at(loop, {"127.0.0.1"}, guests);
  const auto second =
      Listener::tcp(loop, {.bind = {"127.0.0.1"}, .port = first->port()}, guests.door());
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message() == "bind: Address already in use");
}

TEST_CASE("a port can be listened on again as soon as its listener is gone") {
  Loop loop;
  Guests guests;
  auto first = listen_at(loop, {"127.0.0.1"}, guests);
  const uint16_t port = first->port();
  const Fd client = connect_tcp(port);
  run_until(loop, [&] { return !guests.fds.empty(); });
  guests.fds.clear();  // The server's end closes first and lingers in TIME_WAIT.
  first.reset();
  CHECK(Listener::tcp(loop, {.bind = {"127.0.0.1"}, .port = port}, guests.door()).ok());
}

TEST_CASE("an address that this machine lacks is refused, unless it is optional") {
  Loop loop;
  Guests guests;
  const auto refused = Listener::tcp(loop, {.bind = {"192.0.2.1"}}, guests.door());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message() == "bind: Cannot assign requested address");

  const auto skipped = listen_at(loop, {"-192.0.2.1", "127.0.0.1"}, guests);
  CHECK(skipped->addresses().size() == 1);
  CHECK_FALSE(listen_at(loop, {"-192.0.2.1"}, guests)->is_listening());
}

TEST_CASE("an optional address is still refused for any other reason") {
  Loop loop;
  Guests guests;
  const auto first = listen_at(loop, {"127.0.0.1"}, guests);
  CHECK_FALSE(
      Listener::tcp(loop, {.bind = {"-127.0.0.1"}, .port = first->port()}, guests.door()).ok());
}

TEST_CASE("a name that nobody knows is refused") {
  Loop loop;
  Guests guests;
  const std::string longer_than_any_name(300, 'x');
  CHECK_FALSE(Listener::tcp(loop, {.bind = {longer_than_any_name}}, guests.door()).ok());
}

TEST_CASE("without descriptors accepting pauses, and goes on when there are some again") {
  Loop loop;
  Guests guests;
  const auto listener = listen_at(loop, {"127.0.0.1"}, guests);
  const Fd client = connect_tcp(listener->port());
  int turns = 0;
  {
    const NoDescriptors none;
    bool over = false;
    Timer window(loop, [&] { over = true; });
    window.start(2 * kAcceptRetryDelay);
    while (!over) {
      loop.run_once();
      ++turns;
    }
    CHECK(guests.fds.empty());
    CHECK(turns < 20);  // A busy loop would have turned thousands of times.
  }
  run_until(loop, [&] { return !guests.fds.empty(); });
}

TEST_CASE("a unix socket has its mode before anyone can connect, whatever the umask") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  const mode_t before = umask(077);
  const auto listener =
      Listener::unix_socket(loop, {.path = dir.file("s"), .mode = 0766}, guests.door());
  umask(before);
  REQUIRE(listener.ok());
  CHECK(mode_of(dir.file("s")) == 0766);
}

TEST_CASE("without a mode a unix socket follows the umask") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  const mode_t before = umask(027);
  const auto listener = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  umask(before);
  REQUIRE(listener.ok());
  CHECK(mode_of(dir.file("s")) == 0750);
}

TEST_CASE("the peer of a unix socket is named by the server's path") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  const auto listener = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  REQUIRE(listener.ok());
  const Fd client = connect_unix(dir.file("s"));
  REQUIRE(client.is_open());
  run_until(loop, [&] { return !guests.fds.empty(); });
  CHECK(guests.peers[0].text() == dir.file("s") + ":0");
  CHECK(peer_address(guests.fds[0].get()).text() == dir.file("s") + ":0");
  CHECK(local_address(guests.fds[0].get()).text() == dir.file("s") + ":0");
}

TEST_CASE("a unix socket left behind is replaced") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  {
    const Fd stale(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::strcpy(un.sun_path, dir.file("s").c_str());
    REQUIRE(bind(stale.get(), reinterpret_cast<sockaddr*>(&un), sizeof(un)) == 0);
  }
  const auto listener = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  REQUIRE(listener.ok());
  CHECK(connect_unix(dir.file("s")).is_open());
}

TEST_CASE("a file that is not a socket is never replaced") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  const Fd file(open(dir.file("s").c_str(), O_CREAT | O_WRONLY, 0600));
  const auto listener = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  REQUIRE_FALSE(listener.ok());
  CHECK(listener.error().message() == "bind: Address already in use");
  CHECK(std::filesystem::is_regular_file(dir.file("s")));
}

TEST_CASE("a unix listener removes its own socket file and nobody else's") {
  const TempDir dir;
  Loop loop;
  Guests guests;
  auto first = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  auto second = Listener::unix_socket(loop, {.path = dir.file("s")}, guests.door());
  REQUIRE(second.ok());
  *first = nullptr;
  CHECK(connect_unix(dir.file("s")).is_open());
  *second = nullptr;
  CHECK_FALSE(std::filesystem::exists(dir.file("s")));
}

TEST_CASE("a unix socket path that does not fit is refused") {
  Loop loop;
  Guests guests;
  const auto listener =
      Listener::unix_socket(loop, {.path = "/" + std::string(107, 'x')}, guests.door());
  REQUIRE_FALSE(listener.ok());
  CHECK(listener.error().message() == "unix socket path must have 1 to 107 bytes, not 108");
}
