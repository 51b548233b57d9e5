// ParkWord: how the thread of a shard stands still while another works on its data, is asked for a
// busy turn meanwhile, and is let go.
//
// The word counts the holds that the shard was let go from. A shard reads it before it counts
// itself in at a hold, and waits until it is another; so it never looks at the group again, which
// may be in use for something else by then.
#pragma once

#include "engine/node_ports.h"

#include <atomic>
#include <cstdint>
#include <functional>

namespace kvstash::engine {

class ParkWord {
 public:
  explicit ParkWord(const NodePorts& ports) : ports_(&ports) {}
  ParkWord(const ParkWord&) = delete;
  ParkWord& operator=(const ParkWord&) = delete;

  // ---- The shard's own thread.
  uint32_t value() const;
  // Stands still while the value is `value`; `spins`: for a moment without going to sleep. Calls
  // `answer` each time that it is asked for a busy turn. Returns for how many nanoseconds.
  uint64_t park(uint32_t value, bool spins, const std::function<void()>& answer);

  // ---- The thread that executes, of a shard that it holds.
  void unpark();
  // Asks for a busy turn, and waits until it is over.
  void ask();
  void await_answer();

 private:
  const NodePorts* ports_;
  // A count of holds, above kParkedBit (waits by its port) and kAskedBit (is to do a busy turn).
  alignas(64) std::atomic<uint32_t> word_{0};
};

}  // namespace kvstash::engine
