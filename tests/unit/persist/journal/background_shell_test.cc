#include "persist/journal/background_shell.h"

#include "base/clock.h"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace kvstash::persist {
namespace {

constexpr int64_t kMs = 1'000'000;
const SystemClock kClock;

TEST_CASE("each wake has a step done behind it") {
  std::atomic<uint64_t> asked{0};
  std::atomic<uint64_t> seen{0};
  BackgroundShell shell;
  shell.start("kv-test", engine::system_ports(), [&]() -> std::optional<int64_t> {
    seen = asked.load();
    return std::nullopt;
  });
  for (int i = 0; i < 2000; ++i) {
    const uint64_t number = ++asked;
    shell.wake();
    while (seen < number)
      std::this_thread::yield();
  }
}

TEST_CASE("a step is done when it is due") {
  std::atomic<int> steps{0};
  BackgroundShell shell;
  const int64_t began = kClock.monotonic_ns();
  shell.start("kv-test", engine::system_ports(), [&]() -> std::optional<int64_t> {
    ++steps;
    return kClock.monotonic_ns() + 5 * kMs;
  });
  while (steps < 5)
    std::this_thread::yield();
  CHECK(kClock.monotonic_ns() - began >= 20 * kMs);
}

TEST_CASE("it stops at once, also while it sleeps, and only once") {
  BackgroundShell shell;
  shell.stop();
  std::atomic<int> steps{0};
  shell.start("kv-test", engine::system_ports(), [&]() -> std::optional<int64_t> {
    ++steps;
    return std::nullopt;
  });
  while (steps == 0)
    std::this_thread::yield();
  shell.stop();
  shell.stop();
  shell.wake();
  CHECK(steps >= 1);
}

}  // namespace
}  // namespace kvstash::persist
