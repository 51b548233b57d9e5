// look: which of some descriptors are ready at this moment, for code that stands in the middle of a
// turn of a Loop and so cannot run it.
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
  // Looks, without waiting. Afterwards ready(i) tells of the descriptor added as the i-th.
  void take();
  Readiness ready(size_t index) const;
  size_t size() const { return watched_.size(); }

 private:
  std::vector<pollfd> watched_;
};

}  // namespace kvstash::net
