// NodePorts: what a node asks of the machine that it runs on, apart from its sockets (ShardPort).
// Whoever makes a node gives it these, so that a simulation can run whole nodes in one thread under
// a time of its own. A disk and a network between nodes will join them.
//
// Pointers to what outlives the node. Any thread of the node uses them.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "engine/traffic/parking.h"

namespace kvstash::engine {

struct NodePorts {
  const Clock* clock;
  Entropy* entropy;
  Parking* parking;
};

// Those of the machine itself: its clocks, its random source, and threads that wait in futex.
const NodePorts& system_ports();

}  // namespace kvstash::engine
