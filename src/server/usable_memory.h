// How much memory the process may use: that of the machine, or that of a control group around the
// process if it is less.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::server {

// The usable memory in bytes. Reads a few small files of the kernel; a file that cannot be read
// sets no limit.
uint64_t usable_memory();

// The files that hold the memory limits of the control groups in `groups`, the text of
// /proc/self/cgroup: those of each group and of its ancestors, in versions 1 and 2. A container may
// see its own group as the root. Pure.
std::vector<std::string> memory_limit_files(std::string_view groups);

}  // namespace kvstash::server
