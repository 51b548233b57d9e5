// SimClock: a clock that moves only when a simulation moves it, and, if set_tick_ns() says so, by a
// little at each look, so that a loop which waits for time to pass ends.
//
// Belongs to one simulation, which is one thread.
#pragma once

#include "base/clock.h"
#include "base/ensure.h"

#include <cstdint>

namespace kvstash::test {

class SimClock final : public Clock {
 public:
  static constexpr int64_t kNsPerMs = 1'000'000;
  static constexpr int64_t kBeginNs = 1'000 * 1'000 * kNsPerMs;
  static constexpr int64_t kBeginWallMs = 1'700'000'000'000;

  int64_t wall_now_us() const override { return wall_us_at(look()); }
  int64_t monotonic_ns() const override { return look(); }

  // ---- For the simulation: looks that do not move the clock.
  int64_t now_ns() const { return ns_; }
  double elapsed_ms() const { return static_cast<double>(ns_ - kBeginNs) / kNsPerMs; }
  int64_t wall_ms() const { return wall_us_at(ns_) / 1000; }

  void move_to(int64_t ns) {
    ensure(ns >= ns_);
    ns_ = ns;
  }
  void move_by(int64_t ns) { move_to(ns_ + ns); }
  // Jumps only the wall clock, as if the machine's date were set.
  void jump_wall_ms(int64_t by) { wall_begin_us_ += by * 1000; }
  // Sets how much time passes at each look of the node.
  void set_tick_ns(int64_t tick) { tick_ns_ = tick; }

 private:
  int64_t wall_us_at(int64_t ns) const { return wall_begin_us_ + (ns - kBeginNs) / 1000; }
  int64_t look() const {
    ns_ += tick_ns_;
    return ns_;
  }

  mutable int64_t ns_ = kBeginNs;
  int64_t wall_begin_us_ = kBeginWallMs * 1000;
  int64_t tick_ns_ = 0;
};

}  // namespace kvstash::test
