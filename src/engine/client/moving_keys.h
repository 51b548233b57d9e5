// MovingKeys: the names of the keys that are on their way to another server (MIGRATE). Commands
// that would change them wait at a gate of their connection until the move is over; reads go on.
//
// A command that has passed the gate before the move began, or whose keys are not known at the
// gate, may change a key all the same, so who moves keys looks at them again before it deletes
// them. Names count in all databases.
//
// One for all shards, a part of the ShardSet. One move at a time; any thread asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kvstash::engine {

class MovingKeys {
 public:
  bool any() const { return any_.load(std::memory_order_relaxed); }
  bool has(std::string_view key) const {
    const std::lock_guard guard(lock_);
    return names_.contains(std::string(key));
  }
  // Raised when a move is over: who waits looks again.
  uint64_t moves_over() const { return moves_over_.load(std::memory_order_seq_cst); }

  void begin(const std::vector<std::string>& names) {
    const std::lock_guard guard(lock_);
    names_.insert(names.begin(), names.end());
    any_.store(!names_.empty(), std::memory_order_seq_cst);
  }
  void end() {
    const std::lock_guard guard(lock_);
    names_.clear();
    any_.store(false, std::memory_order_seq_cst);
    moves_over_.fetch_add(1, std::memory_order_seq_cst);
  }

 private:
  mutable std::mutex lock_;
  std::unordered_set<std::string> names_;
  std::atomic<bool> any_{false};
  std::atomic<uint64_t> moves_over_{0};
};

}  // namespace kvstash::engine
