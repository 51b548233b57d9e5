// Thread: starting named threads, and how many are worth having.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace kvstash::net {

// Runs `body` on a new thread that `top -H` and debuggers show as `name` (cut to 15 bytes). It
// leaves signals from outside to the thread that called. Join it.
std::thread start_thread(std::string_view name, std::function<void()> body);

// Names the calling thread likewise.
void name_this_thread(std::string_view name);

// How many threads can run at the same time: the cores in the affinity mask of the calling thread,
// but no more than the CPU quota of its cgroup (v1 or v2) and of those above it, rounded up. At
// least 1. Reads /proc and /sys.
size_t usable_cores();

// The quota alone, in cores: the least among the process's cgroup and those above it; 0 where there
// is none. `membership` is the text of /proc/self/cgroup, `mount` the root of the cgroup file
// systems. Inside a container the named groups may not be visible; then those that are decide.
double cgroup_cpu_quota(std::string_view membership, const std::string& mount);

}  // namespace kvstash::net
