#include "net/dialing.h"

#include "net/address.h"
#include "net/poll.h"
#include "net/socket.h"
#include "unit/net/loopback.h"

#include <string>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

// A listener at a port of the system's choice.
class Listening {
 public:
  explicit Listening(int family = AF_INET)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)), is_open_(bind_to(family)) {}
  bool is_open() const { return is_open_; }
  uint16_t port() const { return local_address(fd_.get()).port(); }
  Fd accept() const { return Fd(::accept(fd_.get(), nullptr, nullptr)); }

 private:
  bool bind_to(int family) const {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 any6{};
    any6.sin6_family = AF_INET6;
    any6.sin6_addr = in6addr_loopback;
    const int bound =
        family == AF_INET
            ? ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any))
            : ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any6), sizeof(any6));
    return bound == 0 && ::listen(fd_.get(), 4) == 0;
  }

  Fd fd_;
  bool is_open_;
};

// Waits until the socket is connected, or not, and returns the error.
std::string outcome(const Fd& fd) {
  Loop loop;
  bool is_decided = false;
  Poll poll(
      loop, fd.get(), [](void* context, Readiness) { *static_cast<bool*>(context) = true; },
      &is_decided);
  poll.watch(false, true);
  run_until(loop, [&] { return is_decided; });
  const Status failed = pending_error(fd.get());
  return failed.ok() ? "" : std::string(failed.error().message());
}

}  // namespace

TEST_CASE("dialing: a connection begins at once, and is there once it is writable") {
  const Listening listening;
  const Result<Fd> fd = begin_connect({.ip = "127.0.0.1", .port = listening.port()});
  REQUIRE(fd.ok());
  CHECK(outcome(*fd) == "");
  const Fd other = listening.accept();
  send_all(*fd, "hello");
  char bytes[8];
  CHECK(recv(other.get(), bytes, sizeof(bytes), 0) == 5);
  CHECK(recv((*fd).get(), bytes, sizeof(bytes), 0) == -1);  // It does not block.
  CHECK(errno == EAGAIN);
}

TEST_CASE("dialing: a local address may be chosen") {
  const Listening listening;
  const Result<Fd> fd =
      begin_connect({.ip = "127.0.0.1", .port = listening.port(), .source = "127.0.0.7"});
  REQUIRE(fd.ok());
  CHECK(outcome(*fd) == "");
  CHECK(local_address((*fd).get()).host() == "127.0.0.7");
  const Result<Fd> wrong =
      begin_connect({.ip = "127.0.0.1", .port = listening.port(), .source = "192.0.2.1"});
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message().starts_with("bind: "));
}

TEST_CASE("dialing: IPv6 addresses have no brackets") {
  const Listening listening(AF_INET6);
  if (!listening.is_open()) return;  // The machine has no IPv6.
  const Result<Fd> fd = begin_connect({.ip = "::1", .port = listening.port()});
  REQUIRE(fd.ok());
  CHECK(outcome(*fd) == "");
}

TEST_CASE("dialing: a port where nobody listens is an error that comes later") {
  uint16_t port = 0;
  {
    const Listening gone;
    port = gone.port();
  }
  const Result<Fd> fd = begin_connect({.ip = "127.0.0.1", .port = port});
  REQUIRE(fd.ok());
  CHECK(outcome(*fd).ends_with("Connection refused"));
}

TEST_CASE("dialing: names are not looked up") {
  const Result<Fd> fd = begin_connect({.ip = "localhost", .port = 1});
  REQUIRE_FALSE(fd.ok());
  CHECK(fd.error().message() == "'localhost' is not an IP address");
}
