#include "net/socket.h"

#include "unit/net/loopback.h"

#include <netinet/tcp.h>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;
using namespace std::chrono_literals;

namespace {

int option(const Fd& fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  REQUIRE(getsockopt(fd.get(), level, name, &value, &length) == 0);
  return value;
}

Fd tcp_socket() {
  return Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

}  // namespace

TEST_CASE("no-delay lets small writes leave at once") {
  const Fd fd = tcp_socket();
  set_no_delay(fd.get());
  CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
}

TEST_CASE("keepalive probes three times, every third of the interval") {
  const Fd fd = tcp_socket();
  REQUIRE(set_keepalive(fd.get(), 300s).ok());
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 300);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 100);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 3);
}

TEST_CASE("keepalive never probes more often than once a second") {
  const Fd fd = tcp_socket();
  REQUIRE(set_keepalive(fd.get(), 1s).ok());
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 1);
}

TEST_CASE("a unix socket needs neither keepalive nor no-delay") {
  const Pair pair = unix_pair();
  set_no_delay(pair.near.get());
  CHECK(set_keepalive(pair.near.get(), 300s).ok());
}

TEST_CASE("the kernel doubles the buffer it is asked for") {
  const Fd fd = tcp_socket();
  REQUIRE(set_send_buffer(fd.get(), 64 * 1024).ok());
  REQUIRE(set_receive_buffer(fd.get(), 64 * 1024).ok());
  CHECK(option(fd, SOL_SOCKET, SO_SNDBUF) == 2 * 64 * 1024);
  CHECK(option(fd, SOL_SOCKET, SO_RCVBUF) == 2 * 64 * 1024);
}

TEST_CASE("a refused setting says which and why") {
  const Pair pair = unix_pair();
  CHECK(set_send_buffer(-1, 1).error().message() == "setsockopt SO_SNDBUF: Bad file descriptor");
}

TEST_CASE("a socket without a peer has an unknown one") {
  CHECK(peer_address(tcp_socket().get()) == Address());
  CHECK(local_address(-1) == Address());
}

TEST_CASE("an error that came in the background is told once") {
  Fd listening = tcp_socket();
  REQUIRE(listen(listening.get(), 1) == 0);
  const uint16_t port = local_address(listening.get()).port();
  Fd far = connect_tcp(port);
  const Fd near(accept(listening.get(), nullptr, nullptr));
  CHECK(pending_error(near.get()).ok());

  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  far.reset();
  const Status failed = pending_error(near.get());
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message() == "socket: Connection reset by peer");
  CHECK(pending_error(near.get()).ok());
}
