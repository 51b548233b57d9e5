#include "net/alarm.h"

#include "base/ensure.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace kvstash::net {
namespace {

int open_timerfd() {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) panic(__FILE__, __LINE__, "cannot create a timerfd");
  return fd;
}

}  // namespace

Alarm::Alarm(Loop& loop, std::function<void()> fire)
    : fd_(open_timerfd()), fire_(std::move(fire)), poll_(loop, fd_.get(), on_ready, this) {
  poll_.watch(true, false);
}

void Alarm::set(int64_t at_ns) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const int64_t sane_ns = std::max<int64_t>(at_ns, 1);  // Zero would disarm the timer.
  itimerspec when{};
  when.it_value.tv_sec = sane_ns / kNsPerSecond;
  when.it_value.tv_nsec = sane_ns % kNsPerSecond;
  ensure(timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

void Alarm::on_ready(void* context, Readiness) {
  Alarm& alarm = *static_cast<Alarm*>(context);
  uint64_t times = 0;
  // There is nothing to read if the alarm was set again after the loop saw it.
  if (::read(alarm.fd_.get(), &times, sizeof(times)) != sizeof(times)) return;
  alarm.fire_();
}

}  // namespace kvstash::net
