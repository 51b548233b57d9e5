// ParkWord: how the thread of a shard stands still while another thread works on its data, how it
// is asked for a busy turn meanwhile, and how it is let go.
//
// The word counts the holds that the shard was let go from. A shard reads it before it counts
// itself in at a hold, and waits until it changes; so it never reads the group again, which may be
// in use for something else by then.
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
  // Stands still while the value is `value`, and calls `answer` each time a busy turn is asked for.
  // `spins`: spins for a moment before it sleeps. Returns the time in nanoseconds.
  uint64_t park(uint32_t value, bool spins, const std::function<void()>& answer);

  // ---- The executing thread, for a shard that it holds.
  void unpark();
  // ask() asks for a busy turn, await_answer() waits until it is over.
  void ask();
  void await_answer();

 private:
  const NodePorts* ports_;
  // A count of holds in the upper bits; kParkedBit: the thread waits by its Parking; kAskedBit: it
  // is to do a busy turn.
  alignas(64) std::atomic<uint32_t> word_{0};
};

}  // namespace kvstash::engine
