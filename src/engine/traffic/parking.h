// Parking: the port of a node by which the thread of a shard stands still until another thread
// changes a word.
//
// In production the thread waits in futex(2). A simulation has one thread for all shards: there a
// shard that waits is not stepped until its word has changed, and then goes on where it stopped.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvstash::engine {

class Parking {
 public:
  virtual ~Parking() = default;
  // Returns at once if the word is not `while_it_is`, else when it was woken after the word had
  // changed. It may also return for no reason, so the caller checks the word again. The shard's own
  // thread.
  virtual void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) = 0;
  // Wakes the thread that waits for the word, after the word was changed. Any thread.
  virtual void wake(std::atomic<uint32_t>& word) = 0;
};

class ThreadParking final : public Parking {
 public:
  void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) override;
  void wake(std::atomic<uint32_t>& word) override;
};

}  // namespace kvstash::engine
