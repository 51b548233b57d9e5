#include "net/wake.h"

#include "base/ensure.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace kvstash::net {
namespace {

int open_eventfd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) panic(__FILE__, __LINE__, "cannot create an eventfd");
  return fd;
}

}  // namespace

Wake::Wake(Loop& loop, std::function<void()> woken)
    : fd_(open_eventfd()), woken_(std::move(woken)), poll_(loop, fd_.get(), on_ready, this) {
  poll_.watch(true, false);
}

void Wake::ring() {
  const uint64_t one = 1;
  // The write fails with EAGAIN only if the count is full; then the loop is about to wake anyway.
  while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void Wake::on_ready(void* context, Readiness) {
  Wake& wake = *static_cast<Wake*>(context);
  uint64_t rings = 0;
  if (::read(wake.fd_.get(), &rings, sizeof(rings)) != sizeof(rings)) return;
  wake.woken_();
}

}  // namespace kvstash::net
