// Reaper: a thread that frees what shards have dropped, so that no client waits for it.
//
// Any thread may call take(). The queue is not bounded: the memory in it was already given up, and
// the shards that give it up cannot wait. The destructor frees all that is left.
#pragma once

#include "store/garbage.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace kvstash::engine {

class Reaper {
 public:
  Reaper();
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  void take(store::Garbage garbage);
  size_t pending() const;  // Pieces not freed yet (lazyfree_pending_objects).
  size_t freed() const;    // Pieces freed since the start.

 private:
  void run();

  mutable std::mutex lock_;  // Held while the queue is moved, never while memory is freed.
  std::condition_variable filled_;
  std::vector<store::Garbage> queue_;
  size_t pending_ = 0;
  size_t freed_ = 0;
  bool stops_ = false;
  std::thread thread_;  // Declared last: it starts when all other fields exist.
};

}  // namespace kvstash::engine
