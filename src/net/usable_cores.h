// UsableCores: how many threads can run at the same time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvstash::net {

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
