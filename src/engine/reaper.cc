#include "engine/reaper.h"

#include "base/alloc.h"

#include <pthread.h>

namespace kvstash::engine {

Reaper::Reaper() : thread_([this] { run(); }) {}

Reaper::~Reaper() {
  {
    const std::lock_guard guard(lock_);
    stops_ = true;
  }
  filled_.notify_one();
  thread_.join();
}

void Reaper::take(store::Garbage garbage) {
  {
    const std::lock_guard guard(lock_);
    pending_ += garbage.size();
    queue_.push_back(std::move(garbage));
  }
  filled_.notify_one();
}

size_t Reaper::pending() const {
  const std::lock_guard guard(lock_);
  return pending_;
}

size_t Reaper::freed() const {
  const std::lock_guard guard(lock_);
  return freed_;
}

void Reaper::run() {
  pthread_setname_np(pthread_self(), "kv-reaper");
  std::unique_lock guard(lock_);
  for (;;) {
    filled_.wait(guard, [this] { return stops_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<store::Garbage> batch = std::move(queue_);
    queue_.clear();
    guard.unlock();
    size_t pieces = 0;
    for (store::Garbage& garbage : batch) {
      pieces += garbage.size();
      garbage.clear();
    }
    allocator_flush_thread();
    guard.lock();
    pending_ -= pieces;
    freed_ += pieces;
  }
}

}  // namespace kvstash::engine
