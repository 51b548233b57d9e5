#include "net/dialed.h"

#include "net/socket.h"

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

Result<AddressList> look_up(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return Error::text("look-up of " + host + ": " + gai_strerror(code));
  return AddressList(found);
}

}  // namespace

Status Dialed::connect(const std::string& host, uint16_t port, milliseconds time) {
  const Result<AddressList> list = look_up(host, port);
  if (!list.ok()) return list.error();
  Status last = Error::literal("connect: no address");
  was_refused_ = false;
  for (const addrinfo* info = list->get(); info != nullptr; info = info->ai_next) {
    fd_ = Fd(::socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) {
      last = system_error("socket", errno);
      continue;
    }
    const bool is_begun =
        ::connect(fd_.get(), info->ai_addr, info->ai_addrlen) == 0 || errno == EINPROGRESS;
    if (!is_begun) {
      last = system_error("connect", errno);
      continue;
    }
    last = wait(POLLOUT, "connect", time);
    if (!last.ok()) continue;
    last = pending_error(fd_.get());
    was_refused_ = !last.ok();
    if (!last.ok()) continue;
    set_no_delay(fd_.get());
    return {};
  }
  close();
  return last;
}

Status Dialed::send(std::string_view bytes, milliseconds time) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Status ready = wait(POLLOUT, "send", time); !ready.ok()) return ready;
    } else if (errno != EINTR) {
      return system_error("send", errno);
    }
  }
  return {};
}

Result<size_t> Dialed::receive(std::span<char> to, milliseconds time) {
  for (;;) {
    const ssize_t received = ::recv(fd_.get(), to.data(), to.size(), 0);
    if (received >= 0) return static_cast<size_t>(received);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Status ready = wait(POLLIN, "receive", time); !ready.ok()) return ready.error();
    } else if (errno != EINTR) {
      return system_error("receive", errno);
    }
  }
}

Status Dialed::wait(short events, std::string_view what, milliseconds time) const {
  const Clock::time_point until = Clock::now() + time;
  for (;;) {
    if (gives_up_->load(std::memory_order_relaxed))
      return Error::text(std::string(what) + ": given up");
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (left <= milliseconds(0)) return Error::text(std::string(what) + ": timed out");
    pollfd one{.fd = fd_.get(), .events = events, .revents = 0};
    const int found = ::poll(&one, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (found > 0) return {};
    if (found < 0 && errno != EINTR) return system_error("poll", errno);
  }
}

}  // namespace kvstash::net
