// The seeds of a simulated test: normally a few fixed ones; or one that the environment names, or
// random ones for some time. However a run fails, its seed is printed.
#pragma once

#include "base/clock.h"
#include "base/ensure.h"
#include "base/random.h"
#include "support/model_seed.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::test {

// While an AbortNote lives, a program that aborts prints its text first.
class AbortNote {
 public:
  explicit AbortNote(const std::string& text) {
    text_ = "in " + text + "\n";
    struct sigaction action = {};
    action.sa_handler = &AbortNote::say;
    ensure(sigaction(SIGABRT, &action, &before_) == 0);
  }
  AbortNote(const AbortNote&) = delete;
  AbortNote& operator=(const AbortNote&) = delete;
  ~AbortNote() { sigaction(SIGABRT, &before_, nullptr); }

 private:
  static void say(int signal) {
    std::fputs(text_.c_str(), stderr);
    sigaction(signal, &before_, nullptr);
    std::raise(signal);
  }

  static inline std::string text_;
  static inline struct sigaction before_;
};

// Calls check(seed) for the seeds 1 to `count`; or for KVSTASH_MODEL_SEED alone if that is set; or
// for random seeds during KVSTASH_MODEL_SECONDS if that is set.
template <typename Check>
void for_seeds(std::string_view what, uint64_t count, Check check) {
  constexpr std::chrono::seconds kDeadline{600};  // For one seed, also under a sanitizer.
  const auto run = [&](uint64_t seed) {
    CAPTURE(seed);
    const std::string title = std::string(what) + ", KVSTASH_MODEL_SEED=" + std::to_string(seed);
    const Watchdog watchdog(title, kDeadline);
    const AbortNote note(title);
    check(seed);
  };
  if (const std::optional<uint64_t> only = model_seed()) return run(*only);
  const char* seconds = std::getenv("KVSTASH_MODEL_SECONDS");
  if (seconds == nullptr) {
    for (uint64_t seed = 1; seed <= count; ++seed)
      run(seed);
    return;
  }
  const int64_t end_ns = monotonic_ns() + static_cast<int64_t>(std::atof(seconds) * 1e9);
  do {
    run(random_uint64() >> 32);
  } while (monotonic_ns() < end_ns);
}

}  // namespace kvstash::test
