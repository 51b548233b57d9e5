// Pause: which commands CLIENT PAUSE holds back on a shard, and until when. A value of its shard,
// on the shard's thread or that of a hold.
//
// Times are the node's monotonic ones, so that a pause is never shorter than was asked, whatever
// happens to the wall clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace kvstash::engine {

enum class PauseMode : uint8_t {
  kWrites,  // What may change keys or reach replicas.
  kAll,
};

class Pause {
 public:
  // A pause that lasts is never shortened, nor made milder: the later end and the stricter mode
  // win. One that was over at `asked_ns`, when this one was asked for, has no say. Call
  // end_if_over(asked_ns) before, to let go whom it held.
  void begin(int64_t asked_ns, int64_t until_ns, PauseMode mode) {
    end_if_over(asked_ns);
    if (is_on()) {
      until_ns = std::max(until_ns, *until_ns_);
      mode = std::max(mode, mode_);
    }
    until_ns_ = until_ns;
    mode_ = mode;
  }
  void end() { until_ns_.reset(); }
  // True: the pause was over at `now_ns`, and has ended.
  bool end_if_over(int64_t now_ns) {
    if (!is_on() || *until_ns_ > now_ns) return false;
    end();
    return true;
  }

  bool is_on() const { return until_ns_.has_value(); }
  bool is_for_all() const { return mode_ == PauseMode::kAll; }
  std::optional<int64_t> until_ns() const { return until_ns_; }

 private:
  std::optional<int64_t> until_ns_;
  PauseMode mode_ = PauseMode::kWrites;
};

}  // namespace kvstash::engine
