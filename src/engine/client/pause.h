// Pause: which commands CLIENT PAUSE and FAILOVER hold back on a shard, and until when. A value of
// its shard, used on the shard's thread or on a thread that holds the shard.
//
// Times are of the node's monotonic clock, so that a pause is never shorter than was asked,
// whatever happens to the wall clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace kvstash::engine {

enum class PauseMode : uint8_t {
  kWrites,  // Commands that may change keys or reach replicas.
  kAll,
};

class Pause {
 public:
  // Begins a pause, which was asked for at `asked_ns`. A pause that still lasts is never shortened
  // or made milder: the later end and the stricter mode win. One that was over at `asked_ns` does
  // not count. Call end_if_over(asked_ns) before, to let the sessions go on that it held back.
  void begin(int64_t asked_ns, int64_t until_ns, PauseMode mode) {
    end_if_over(asked_ns);
    if (until_ns_) {
      until_ns = std::max(until_ns, *until_ns_);
      mode = std::max(mode, mode_);
    }
    until_ns_ = until_ns;
    mode_ = mode;
  }
  void end() { until_ns_.reset(); }
  // Ends the pause if it is over at `now_ns`. True: it was on, and has ended.
  bool end_if_over(int64_t now_ns) {
    if (!until_ns_ || *until_ns_ > now_ns) return false;
    end();
    return true;
  }
  // Writes wait as long as a failover lasts, whatever clients pause.
  void hold_writes(bool are_held) { holds_writes_ = are_held; }

  bool is_on() const { return until_ns_.has_value() || holds_writes_; }
  bool is_for_all() const { return until_ns_ && mode_ == PauseMode::kAll; }
  std::optional<int64_t> until_ns() const { return until_ns_; }

 private:
  std::optional<int64_t> until_ns_;
  PauseMode mode_ = PauseMode::kWrites;
  bool holds_writes_ = false;
};

}  // namespace kvstash::engine
