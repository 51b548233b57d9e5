#include "net/usable_cores.h"

#include "base/ensure.h"
#include "base/numbers.h"
#include "base/text.h"
#include "net/file.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::net {
namespace {

constexpr size_t kProcFileBytesMax = size_t{64} << 10;
constexpr size_t kCpusMax = size_t{1} << 16;
constexpr const char* kCgroupMount = "/sys/fs/cgroup";

// The kernel refuses a mask smaller than its own, so larger masks are tried.
size_t affinity_cores() {
  for (size_t cpus = 1024; cpus <= kCpusMax; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    ensure(set != nullptr);
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const bool fits = sched_getaffinity(0, bytes, set) == 0;
    const bool too_small = !fits && errno == EINVAL;
    const int count = fits ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (fits) return static_cast<size_t>(std::max(count, 1));
    if (!too_small) break;
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

std::optional<int64_t> read_number(const std::string& path) {
  const Result<std::string> text = read_file(path, kProcFileBytesMax);
  if (!text.ok()) return std::nullopt;
  return parse_int64(trim(*text));
}

// Returns a quota in cores; both arguments are in microseconds. 0 if they are not positive: no
// quota.
double quota_in_cores(std::optional<int64_t> quota_us, std::optional<int64_t> period_us) {
  if (!quota_us || !period_us || *quota_us <= 0 || *period_us <= 0) return 0;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

// Reads cpu.max, for example "max 100000" or "150000 100000".
double quota_v2(const std::string& directory) {
  const Result<std::string> text = read_file(directory + "/cpu.max", kProcFileBytesMax);
  if (!text.ok()) return 0;
  const std::vector<std::string_view> words = split(trim(*text), ' ');
  if (words.size() != 2) return 0;
  return quota_in_cores(parse_int64(words[0]), parse_int64(words[1]));
}

double quota_v1(const std::string& directory) {
  return quota_in_cores(read_number(directory + "/cpu.cfs_quota_us"),
                        read_number(directory + "/cpu.cfs_period_us"));
}

double lesser_quota(double a, double b) {
  if (a == 0) return b;
  return b == 0 ? a : std::min(a, b);
}

// Returns the least quota from `group` up to the root of the hierarchy at `mount`.
double quota_upwards(const std::string& mount, std::string_view group,
                     double (*quota_at)(const std::string&)) {
  double least = 0;
  while (true) {
    least = lesser_quota(least, quota_at(mount + std::string(group)));
    if (group.empty()) return least;
    group = group.substr(0, group.rfind('/'));
  }
}

bool has_cpu_controller(std::string_view controllers) {
  const std::vector<std::string_view> names = split(controllers, ',');
  return std::find(names.begin(), names.end(), "cpu") != names.end();
}

}  // namespace

size_t usable_cores() {
  const size_t cores = affinity_cores();
  const Result<std::string> membership = read_file("/proc/self/cgroup", kProcFileBytesMax);
  const double quota = cgroup_cpu_quota(membership.ok() ? *membership : "", kCgroupMount);
  if (quota == 0 || quota >= static_cast<double>(cores)) return cores;
  return std::max(static_cast<size_t>(std::ceil(quota)), size_t{1});
}

// Lines of `membership` have these forms:
//
//   0::/system.slice/kvstash.service        version 2, one hierarchy at the mount itself
//   4:cpu,cpuacct:/docker/0123              version 1, a hierarchy mounted under its controllers
double cgroup_cpu_quota(std::string_view membership, const std::string& mount) {
  double least = 0;
  for (const std::string_view line : split(membership, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string_view group = line.substr(second + 1);
    if (group == "/") group = {};
    if (!group.empty() && !group.starts_with('/')) continue;
    if (controllers.empty()) {
      least = lesser_quota(least, quota_upwards(mount, group, quota_v2));
    } else if (has_cpu_controller(controllers)) {
      const std::string hierarchy = mount + "/" + std::string(controllers);
      least = lesser_quota(least, quota_upwards(hierarchy, group, quota_v1));
      least = lesser_quota(least, quota_upwards(mount + "/cpu", group, quota_v1));
    }
  }
  return least;
}

}  // namespace kvstash::net
