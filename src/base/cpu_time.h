// cpu_time: how long a thread has really run, whatever else the machine did meanwhile.
#pragma once

#include <cstdint>

namespace kvstash {

// Returns the processor time that the calling thread has used, in nanoseconds. A system call, of
// about 200 ns.
int64_t thread_cpu_ns();

}  // namespace kvstash
