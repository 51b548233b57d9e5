// Alarm: calls a function on the loop's thread at a moment of the monotonic clock.
//
// The loop watches a timerfd. The alarm is never early, and late by the time that the system takes
// to wake a thread (measured: about 60 us). libuv's own timers count whole milliseconds, by a clock
// that may be even coarser. Lives on the loop's thread.
#pragma once

#include "net/fd.h"
#include "net/poll.h"

#include <cstdint>
#include <functional>

namespace kvstash::net {

class Alarm {
 public:
  // `fire` may set the alarm again; it must not destroy it.
  Alarm(Loop& loop, std::function<void()> fire);
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Fires once, at `at_ns` of monotonic_ns(), or at once if that has passed. Replaces the time that
  // was set before. One system call.
  void set(int64_t at_ns);

 private:
  static void on_ready(void* context, Readiness);

  Fd fd_;
  std::function<void()> fire_;
  Poll poll_;  // Destroyed before the descriptor that it watches.
};

}  // namespace kvstash::net
