// TurnClock: the wall clock of one shard's thread. It is read at about the beginning of a turn, and
// again after something took long; everything in between happens at that moment.
//
// Used on the shard's thread.
#pragma once

#include "base/clock.h"
#include "engine/execution/hold.h"

#include <cstdint>

namespace kvstash::engine {

class TurnClock {
 public:
  // Looks at `clock`, which outlives this object.
  explicit TurnClock(const Clock& clock) : clock_(&clock) { look(); }

  // Reads the wall clock anew.
  void look() {
    const int64_t now_us = clock_->wall_now_us();
    was_set_back_ = was_set_back_ || now_us < moment_.us;
    moment_ = {.ms = now_us / 1000, .us = now_us};
  }

  Moment moment() const { return moment_; }
  int64_t ms() const { return moment_.ms; }
  // The same hold at the present moment.
  Hold now(const Hold& hold) const { return hold.at(moment_); }

  // Whether the clock was set back since forget_set_back(): times that were worked out before may
  // lie far ahead.
  bool was_set_back() const { return was_set_back_; }
  void forget_set_back() { was_set_back_ = false; }

 private:
  const Clock* clock_;
  Moment moment_;
  bool was_set_back_ = false;
};

}  // namespace kvstash::engine
