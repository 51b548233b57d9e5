// NodePorts: what a node asks of the machine that it runs on, apart from its sockets (ShardPort).
// The code that makes a node gives it these ports, so that a simulation can run whole nodes in one
// thread under a time of its own. A port for the network between nodes will be added.
//
// The pointers are not owned: the ports outlive the node. Any thread of the node uses them.
#pragma once

#include "base/alloc.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/parking.h"
#include "base/random.h"
#include "base/threads.h"

namespace kvstash::engine {

struct NodePorts {
  const Clock* clock;
  Entropy* entropy;
  Parking* parking;
  const MemoryMeter* memory;
  Threads* threads = nullptr;  // Null: the node starts no threads of its own.
  Disk* disk = nullptr;        // Null: the node keeps nothing on disk.
};

// The ports of the real machine: its clocks, its random source, futex for threads that park, its
// allocator and its disk.
const NodePorts& system_ports();

}  // namespace kvstash::engine
