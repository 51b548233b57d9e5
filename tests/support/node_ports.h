// Ports of the real machine, but for one.
#pragma once

#include "engine/node_ports.h"

namespace kvstash::test {

// With this disk, which outlives the ports.
inline engine::NodePorts ports_with(Disk& disk) {
  engine::NodePorts ports = engine::system_ports();
  ports.disk = &disk;
  return ports;
}

// With this meter, which outlives the ports.
inline engine::NodePorts ports_with(const MemoryMeter& memory) {
  engine::NodePorts ports = engine::system_ports();
  ports.memory = &memory;
  return ports;
}

}  // namespace kvstash::test
