// HeldRuns: lets a thread that is no shard's run functions while shards are held, and wait until
// they are done.
//
// run() by one thread at a time; cancel() by any.
#pragma once

#include "engine/execution/hold.h"
#include "engine/shard_set.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace kvstash::persist {

class HeldRuns {
 public:
  explicit HeldRuns(engine::ShardSet& set) : set_(&set) {}

  // Runs `action` while at least these shards are held, on the thread of one of them. It must not
  // wait. False: it has not run, and will not, because of cancel().
  bool run(std::vector<size_t> shards, std::function<void(const engine::Hold&)> action);
  // Ends the present wait, and all later ones.
  void cancel();

 private:
  enum State : uint32_t { kWaits, kRuns, kDone, kCancelled };
  struct Run {
    bool change(uint32_t from, uint32_t to) {
      const bool is_changed = state.compare_exchange_strong(from, to);
      if (is_changed) state.notify_all();
      return is_changed;
    }
    std::atomic<uint32_t> state{kWaits};
  };

  engine::ShardSet* set_;
  std::mutex lock_;
  std::shared_ptr<Run> present_;
  bool is_cancelled_ = false;
};

}  // namespace kvstash::persist
