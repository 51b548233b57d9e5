// How much memory the process may use: that of the machine, or of a control group around the
// process if that is less.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// In bytes. Reads a few small files of the kernel; what cannot be read limits nothing.
uint64_t usable_memory();

// The files that hold the limits of the control groups in `groups`, the text of /proc/self/cgroup:
// of each group and of those around it, in versions 1 and 2. A container may see its own group as
// the root. Pure.
std::vector<std::string> memory_limit_files(std::string_view groups);

}  // namespace kvstash::server
