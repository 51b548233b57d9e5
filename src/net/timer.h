// Timer: calls a function on the loop's thread after a delay, once or repeatedly.
//
// Lives on the loop's thread; the function may start, stop or destroy the timer. The resolution is
// a millisecond, and the timer is never early. A repeating timer that is late does not catch up: it
// fires once. Time is monotonic.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace kvstash::net {

class Loop;

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> fire);  // The timer is not running yet.
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // Fires once, `delay` from now; a running timer starts again.
  void start(std::chrono::milliseconds delay);

  // Fires every `period` (more than zero), first one period from now.
  void start_repeating(std::chrono::milliseconds period);

  void stop();
  bool is_running() const;

  // Returns the time until the timer fires, as of the loop's current turn, or nothing if it is not
  // running.
  std::optional<std::chrono::milliseconds> due_in() const;

 private:
  struct State;
  State* state_;  // libuv owns it until its close callback.
};

}  // namespace kvstash::net
