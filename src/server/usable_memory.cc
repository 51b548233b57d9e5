#include "server/usable_memory.h"

#include "base/numbers.h"
#include "base/text.h"
#include "net/file.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

namespace kvstash::server {
namespace {

constexpr size_t kLimitTextMax = 64;
constexpr size_t kGroupsTextMax = size_t{16} << 10;

void add_with_parents(const std::string& root, std::string_view path, std::string_view file,
                      std::vector<std::string>& files) {
  while (!path.empty() && path != "/") {
    files.push_back(root + std::string(path) + std::string(file));
    path = path.substr(0, path.rfind('/'));  // The path begins with '/'.
  }
  files.push_back(root + std::string(file));
}

}  // namespace

// Each line is "number:controllers:path"; version 2 has the number 0 and no controllers.
std::vector<std::string> memory_limit_files(std::string_view groups) {
  std::vector<std::string> files;
  for (const std::string_view line : split(groups, '\n')) {
    const size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (!path.starts_with('/')) continue;
    if (controllers.empty()) {
      add_with_parents("/sys/fs/cgroup", path, "/memory.max", files);
      continue;
    }
    const auto names = split(controllers, ',');
    if (std::ranges::find(names, std::string_view("memory")) != names.end())
      add_with_parents("/sys/fs/cgroup/memory", path, "/memory.limit_in_bytes", files);
  }
  return files;
}

uint64_t usable_memory() {
  auto least =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const Result<std::string> groups = net::read_file("/proc/self/cgroup", kGroupsTextMax);
  if (!groups.ok()) return least;
  for (const std::string& file : memory_limit_files(*groups)) {
    const Result<std::string> text = net::read_file(file, kLimitTextMax);
    if (!text.ok()) continue;
    const std::optional<uint64_t> bytes = parse_uint64((*text).substr(0, (*text).find('\n')));
    if (bytes && *bytes != 0) least = std::min(least, *bytes);
  }
  return least;
}

}  // namespace kvstash::server
