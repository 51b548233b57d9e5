// Loopback: pairs of connected sockets, blocking clients and patience for the tests of this room.
//
// No ports are fixed and nothing sleeps: a test turns the loop until what it waits for has
// happened, and a watchdog timer ends the wait, and the test, after kPatience.
#pragma once

#include "net/fd.h"
#include "net/loop.h"
#include "net/timer.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::net::test {

inline constexpr std::chrono::seconds kPatience{20};

// Turns the loop until `done()` holds.
template <typename Done>
void run_until(Loop& loop, Done&& done) {
  bool late = false;
  Timer watchdog(loop, [&] { late = true; });
  watchdog.start(kPatience);
  while (!done() && !late)
    loop.run_once();
  REQUIRE_FALSE(late);
}

// Turns the loop once for what is ready now.
inline void run_ready(Loop& loop) {
  for (int turn = 0; turn < 3; ++turn)
    loop.run_nowait();
}

struct Pair {
  Fd near;  // Both non-blocking.
  Fd far;
};

inline Pair unix_pair() {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

// A blocking client of 127.0.0.1 or ::1; not open if it was refused.
inline Fd connect_tcp(uint16_t port, const char* host = "127.0.0.1") {
  const bool v6 = std::strchr(host, ':') != nullptr;
  Fd fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_in);
  if (v6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    inet_pton(AF_INET6, host, &in6.sin6_addr);
    length = sizeof(in6);
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    inet_pton(AF_INET, host, &in.sin_addr);
  }
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
  return fd;
}

inline Fd connect_unix(const std::string& path) {
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&un), sizeof(un)) != 0) return {};
  return fd;
}

inline void set_non_blocking(const Fd& fd) {
  REQUIRE(fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
}

inline void send_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    REQUIRE(put > 0);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

// What has arrived by now, without waiting.
inline std::string receive_ready(const Fd& fd) {
  std::string result;
  char room[4096];
  while (true) {
    const ssize_t got = recv(fd.get(), room, sizeof(room), MSG_DONTWAIT);
    if (got <= 0) return result;
    result.append(room, static_cast<size_t>(got));
  }
}

// Whether the other side has closed and all it sent has been read.
inline bool is_at_end(const Fd& fd) {
  char byte;
  const ssize_t got = recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN);
}

}  // namespace kvstash::net::test
