#include "persist/journal/background_shell.h"

#include "net/thread.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#include <utility>

namespace kvstash::persist {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

void BackgroundShell::start(std::string_view name, const Clock& clock, Step step) {
  clock_ = &clock;
  step_ = std::move(step);
  stops_ = false;
  thread_ = net::start_thread(name, [this] { run(); });
}

void BackgroundShell::stop() {
  if (!thread_.joinable()) return;
  stops_ = true;
  wake();
  thread_.join();
}

void BackgroundShell::run() {
  while (!stops_) {
    const uint32_t seen = news_.load(std::memory_order_seq_cst);
    const std::optional<int64_t> due_ns = step_();
    if (!stops_) rest(seen, due_ns);
  }
}

// The sleeper says that it sleeps and then compares the word; who wakes changes the word and then
// looks whether anybody sleeps. So one of the two sees the other's write.
void BackgroundShell::rest(uint32_t seen, std::optional<int64_t> until_ns) {
  is_asleep_.store(true, std::memory_order_seq_cst);
  timespec left{};
  const timespec* timeout = nullptr;
  if (until_ns) {
    const int64_t left_ns = *until_ns - clock_->monotonic_ns();
    left = {.tv_sec = left_ns / kSecondNs, .tv_nsec = left_ns % kSecondNs};
    timeout = &left;
    if (left_ns <= 0) {
      is_asleep_.store(false, std::memory_order_seq_cst);
      return;
    }
  }
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&news_), FUTEX_WAIT_PRIVATE, seen, timeout,
          nullptr, 0);
  is_asleep_.store(false, std::memory_order_seq_cst);
}

void BackgroundShell::ring() {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&news_), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

}  // namespace kvstash::persist
