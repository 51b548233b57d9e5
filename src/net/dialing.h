// Dialing: begins a TCP connection without waiting for it, for whoever runs a loop. (Dialed is for
// threads that may wait.)
//
// Any thread; nothing blocks, and no name is looked up.
#pragma once

#include "base/result.h"
#include "net/fd.h"

#include <cstdint>
#include <string>

namespace kvstash::net {

struct DialTarget {
  std::string ip;  // In numbers: IPv4, or IPv6 without brackets.
  uint16_t port = 0;
  std::string source{};  // The numeric local address; empty: the system's choice.
};

// Returns a non-blocking socket that is connected or on its way. It is writable once that is
// decided, and pending_error() then tells how. An error means that nothing was begun; it names the
// step, as in "connect: Network is unreachable".
Result<Fd> begin_connect(const DialTarget& target);

}  // namespace kvstash::net
