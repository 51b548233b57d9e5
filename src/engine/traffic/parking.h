// Parking: how the thread of a shard stands still until another changes a word: a port of a node.
//
// Production waits in futex(2). A simulation has one thread for all shards: there a shard that
// waits is not stepped until its word has changed, and then goes on where it stood.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvstash::engine {

class Parking {
 public:
  virtual ~Parking() = default;
  // Returns at once if the word has another value, else when it was woken after the word had
  // changed; now and then also for no reason, so the caller looks again. The shard's own thread.
  virtual void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) = 0;
  // The word has changed: lets go who waits for it. Any thread.
  virtual void wake(std::atomic<uint32_t>& word) = 0;
};

class ThreadParking final : public Parking {
 public:
  void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) override;
  void wake(std::atomic<uint32_t>& word) override;
};

}  // namespace kvstash::engine
