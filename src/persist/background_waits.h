// BackgroundWaits: what the background threads of a node wait for: holds of all shards, and time.
// The end of the node ends every wait.
//
// Any thread but a shard's, unless a function says otherwise.
#pragma once

#include "engine/execution/hold.h"
#include "engine/shard_set.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace kvstash::persist {

class BackgroundWaits {
 public:
  explicit BackgroundWaits(engine::ShardSet& set) : set_(&set) {}
  BackgroundWaits(const BackgroundWaits&) = delete;
  BackgroundWaits& operator=(const BackgroundWaits&) = delete;

  // Runs `action` on the thread that holds all shards, and waits until it is done. False: the node
  // ends, and the action will not run.
  bool hold_all(std::function<void(const engine::Hold&)> action);
  // As hold_all(), for some shards. Other shards may be held as well.
  bool hold_some(std::vector<size_t> shards, std::function<void(const engine::Hold&)> action);

  // Waits for the time, or for the end of the node.
  void rest(std::chrono::microseconds time);

  // Ends all waits, those to come as well. An action that runs is waited for. Any thread.
  void end();
  bool has_ended() const { return ended_.load(std::memory_order_acquire) != 0; }

 private:
  // A hold that a thread waits for; its state is the word that the thread waits on.
  struct PendingHold {
    static constexpr uint32_t kWaits = 0;
    static constexpr uint32_t kRuns = 1;
    static constexpr uint32_t kDone = 2;
    static constexpr uint32_t kCancelled = 3;

    std::atomic<uint32_t> state{kWaits};
  };

  using Action = std::function<void(const engine::Hold&)>;

  // `take` has `shard` hold what is to be held, and run an action then.
  bool run(size_t shard, const std::function<void(engine::Shard& shard, Action action)>& take,
           Action action);
  static bool change(Parking& parking, PendingHold& hold, uint32_t from, uint32_t to);

  engine::ShardSet* set_;
  std::atomic<uint32_t> ended_{0};
  std::mutex lock_;  // Held for a few instructions.
  std::vector<std::shared_ptr<PendingHold>> pending_;
};

}  // namespace kvstash::persist
