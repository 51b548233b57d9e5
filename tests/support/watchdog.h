// Watchdog: ends the whole program, with a message about what hung, unless it is destroyed in time.
//
// For tests of code that could deadlock: such a test fails instead of hanging, and prints its seed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace kvstash::test {

class Watchdog {
 public:
  Watchdog(std::string what, std::chrono::seconds deadline)
      : what_(std::move(what)), thread_([this, deadline] { run(deadline); }) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  ~Watchdog() {
    {
      const std::lock_guard guard(lock_);
      is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
  }

 private:
  void run(std::chrono::seconds deadline) {
    std::unique_lock guard(lock_);
    if (over_.wait_for(guard, deadline, [this] { return is_over_; })) return;
    std::fprintf(stderr, "hangs: %s\n", what_.c_str());
    std::abort();
  }

  std::string what_;
  std::mutex lock_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;  // Declared last: it starts when all other fields exist.
};

}  // namespace kvstash::test
