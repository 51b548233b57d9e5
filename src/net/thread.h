// Thread: starts named threads, and tells how many are useful.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace kvstash::net {

// Runs `body` on a new thread that `top -H` and debuggers show as `name` (cut to 15 bytes). The new
// thread blocks signals that are sent to the process. The caller must join it.
std::thread start_thread(std::string_view name, std::function<void()> body);

// Names the calling thread in the same way.
void name_this_thread(std::string_view name);

// Returns how many threads can run at the same time: the number of cores in the affinity mask of
// the calling thread, limited by the CPU quotas of its cgroup (v1 or v2) and of the cgroups above
// it, rounded up. At least 1. Reads /proc and /sys.
size_t usable_cores();

// Returns the quota alone, in cores: the least of those of the process's cgroup and the cgroups
// above it, or 0 if there is none. `membership` is the text of /proc/self/cgroup, `mount` the root
// of the cgroup file systems. Inside a container the named groups may not be visible; then the
// visible ones decide.
double cgroup_cpu_quota(std::string_view membership, const std::string& mount);

}  // namespace kvstash::net
