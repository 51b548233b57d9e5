#include "net/dialed.h"

#include "net/fd.h"
#include "net/socket.h"
#include "net/tls.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace kvstash::net {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A wait looks so often whether it is to be given up.
constexpr milliseconds kSlice{20};

struct AddressListDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Result<AddressList> look_up(const std::string& host, uint16_t port, int flags = 0) {
  addrinfo hints{};
  hints.ai_flags = flags;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return Error::text("look-up of " + host + ": " + gai_strerror(code));
  return AddressList(found);
}

// Has the socket's own end be at that address.
Status bind_source(int fd, const std::string& address) {
  const Result<AddressList> list = look_up(address, 0, AI_PASSIVE);
  if (!list.ok()) return list.error();
  const addrinfo& info = **list;
  if (::bind(fd, info.ai_addr, info.ai_addrlen) != 0) return system_error("bind", errno);
  return {};
}

}  // namespace

Status Dialed::connect(const std::string& host, uint16_t port, milliseconds time, const Way& way) {
  const Result<AddressList> list = look_up(host, port);
  if (!list.ok()) return list.error();
  Status last = Error::literal("connect: no address");
  for (const addrinfo* info = list->get(); info != nullptr; info = info->ai_next) {
    last = connect_to(*info, time, way);
    if (last.ok()) return last;
  }
  close();
  return last;
}

Status Dialed::connect_to(const addrinfo& info, milliseconds time, const Way& way) {
  was_refused_ = false;
  Fd fd(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return system_error("socket", errno);
  if (!way.source_address.empty()) {
    if (Status bound = bind_source(fd.get(), way.source_address); !bound.ok()) return bound;
  }
  const bool is_begun =
      ::connect(fd.get(), info.ai_addr, info.ai_addrlen) == 0 || errno == EINPROGRESS;
  if (!is_begun) return system_error("connect", errno);
  transport_ = Transport::plain(fd.release());
  if (Status ready = wait({.writable = true}, "connect", time); !ready.ok()) return ready;
  if (Status failed = pending_error(transport_.fd()); !failed.ok()) {
    was_refused_ = true;
    return failed;
  }
  set_no_delay(transport_.fd());
  if (way.tls == nullptr) return {};
  transport_ = Transport::tls(transport_.release(), *way.tls);
  for (;;) {
    const IoResult shaken = transport_.handshake();
    if (shaken.state == IoState::kDone) return {};
    if (shaken.state == IoState::kClosed) return Error::literal("TLS handshake: closed");
    if (shaken.state == IoState::kFailed)
      return Error::text("TLS handshake: " + transport_.error());
    if (Status ready = wait({.readable = true}, "TLS handshake", time); !ready.ok()) return ready;
  }
}

Status Dialed::send(std::string_view bytes, milliseconds time) {
  while (!bytes.empty()) {
    const IoResult sent = transport_.write(bytes);
    switch (sent.state) {
      case IoState::kDone:
        bytes.remove_prefix(sent.bytes);
        break;
      case IoState::kWouldBlock:
        if (Status ready = wait({.writable = true}, "send", time); !ready.ok()) return ready;
        break;
      case IoState::kClosed:
        return Error::literal("send: closed");
      case IoState::kFailed:
        return Error::text("send: " + transport_.error());
    }
  }
  return {};
}

Result<size_t> Dialed::receive(std::span<char> to, milliseconds time) {
  const Result<std::optional<size_t>> received = receive_within(to, time);
  if (!received.ok()) return received.error();
  if (!*received) return Error::literal("receive: timed out");
  return **received;
}

Result<std::optional<size_t>> Dialed::receive_within(std::span<char> to, milliseconds time) {
  for (;;) {
    const IoResult received = transport_.read(to);
    switch (received.state) {
      case IoState::kDone:
        return std::optional<size_t>(received.bytes);
      case IoState::kClosed:
        return std::optional<size_t>(0);
      case IoState::kFailed:
        return Error::text("receive: " + transport_.error());
      case IoState::kWouldBlock:
        break;
    }
    const Result<bool> ready = wait_within({.readable = true}, "receive", time);
    if (!ready.ok()) return ready.error();
    if (!*ready) return std::optional<size_t>();
  }
}

Result<bool> Dialed::wait_within(Readiness wanted, std::string_view what, milliseconds time) {
  const Readiness interest = transport_.interest(wanted);
  const auto events =
      static_cast<short>((interest.readable ? POLLIN : 0) | (interest.writable ? POLLOUT : 0));
  const Clock::time_point until = Clock::now() + time;
  for (;;) {
    if (gives_up_->load(std::memory_order_relaxed))
      return Error::text(std::string(what) + ": given up");
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (left <= milliseconds(0)) return false;
    pollfd one{.fd = transport_.fd(), .events = events, .revents = 0};
    const int found = ::poll(&one, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) return system_error("poll", errno);
  }
}

Status Dialed::wait(Readiness wanted, std::string_view what, milliseconds time) {
  const Result<bool> ready = wait_within(wanted, what, time);
  if (!ready.ok()) return ready.error();
  if (!*ready) return Error::text(std::string(what) + ": timed out");
  return {};
}

}  // namespace kvstash::net
