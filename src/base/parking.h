// Parking: the port of a node by which a thread of its stands still until another thread changes a
// word.
//
// In production the thread waits in futex(2). A simulation has one thread for all threads of a
// node: there one that waits is not stepped until its word has changed, and then goes on where it
// stopped.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvstash {

class Parking {
 public:
  virtual ~Parking() = default;
  // Returns at once if the word is not `while_it_is`, else when it was woken after the word had
  // changed. It may also return for no reason, so the caller checks the word again.
  virtual void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) = 0;
  // The same, for `timeout_ns` nanoseconds at most.
  virtual void wait_for(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t timeout_ns) = 0;
  // Wakes the threads that wait for the word, after the word was changed. Any thread.
  virtual void wake(std::atomic<uint32_t>& word) = 0;
};

class ThreadParking final : public Parking {
 public:
  void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) override;
  void wait_for(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t timeout_ns) override;
  void wake(std::atomic<uint32_t>& word) override;
};

}  // namespace kvstash
