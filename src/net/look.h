// Look: tells which of some descriptors are ready at this moment, for code that runs in the middle
// of a turn of a Loop and so cannot run the loop.
//
// Any thread. Costs a system call, and time for each descriptor.
#pragma once

#include "net/poll.h"

#include <poll.h>

#include <cstddef>
#include <vector>

namespace kvstash::net {

class Look {
 public:
  void clear() { watched_.clear(); }
  void add(int fd, Readiness wanted);
  // Looks without waiting. Afterwards ready(i) gives the readiness of the i-th descriptor added.
  void take();
  Readiness ready(size_t index) const;
  size_t size() const { return watched_.size(); }

 private:
  std::vector<pollfd> watched_;
};

}  // namespace kvstash::net
