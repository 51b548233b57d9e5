#include "net/look.h"

#include <cerrno>

namespace kvstash::net {

void Look::add(int fd, Readiness wanted) {
  const int events = (wanted.readable ? POLLIN : 0) | (wanted.writable ? POLLOUT : 0);
  watched_.push_back({.fd = fd, .events = static_cast<short>(events), .revents = 0});
}

void Look::take() {
  while (::poll(watched_.data(), watched_.size(), 0) < 0) {
    if (errno == EINTR) continue;
    for (pollfd& one : watched_)  // The kernel had no memory: report nothing as ready.
      one.revents = 0;
    return;
  }
}

Readiness Look::ready(size_t index) const {
  const short events = watched_[index].revents;
  const bool has_failed = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  return {.readable = has_failed || (events & POLLIN) != 0,
          .writable = (events & POLLOUT) != 0,
          .hung_up = has_failed};
}

}  // namespace kvstash::net
