#include "engine/node_ports.h"

namespace kvstash::engine {

// None of these ports has a state of its own, so all nodes of a process share them.
const NodePorts& system_ports() {
  static const SystemClock clock;
  static SystemEntropy entropy;
  static ThreadParking parking;
  static const SystemMemoryMeter memory;
  static SystemThreads threads;
  static SystemDisk disk;
  static const NodePorts kPorts{.clock = &clock,
                                .entropy = &entropy,
                                .parking = &parking,
                                .memory = &memory,
                                .threads = &threads,
                                .disk = &disk};
  return kPorts;
}

}  // namespace kvstash::engine
