#include "base/parking.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace kvstash {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

void wait_in_kernel(std::atomic<uint32_t>& word, uint32_t while_it_is, const timespec* timeout) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, while_it_is, timeout,
          nullptr, 0);
}

}  // namespace

void ThreadParking::wait(std::atomic<uint32_t>& word, uint32_t while_it_is) {
  wait_in_kernel(word, while_it_is, nullptr);
}

void ThreadParking::wait_for(std::atomic<uint32_t>& word, uint32_t while_it_is,
                             int64_t timeout_ns) {
  if (timeout_ns <= 0) return;
  const timespec timeout{.tv_sec = timeout_ns / kSecondNs, .tv_nsec = timeout_ns % kSecondNs};
  wait_in_kernel(word, while_it_is, &timeout);
}

void ThreadParking::wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

}  // namespace kvstash
