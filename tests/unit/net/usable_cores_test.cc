#include "net/usable_cores.h"

#include "base/threads.h"
#include "net/file.h"
#include "unit/net/temp_dir.h"

#include <sched.h>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

// A tree of cgroup files.
struct Cgroups {
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = dir.file(path);
    std::filesystem::create_directories(file.parent_path());
    REQUIRE(write_file_atomically(file.string(), text).ok());
  }
  double quota(std::string_view membership) const {
    return cgroup_cpu_quota(membership, dir.path());
  }
  TempDir dir;
};

}  // namespace

TEST_CASE("cores outside the affinity mask are not usable") {
  CHECK(usable_cores() >= 1);
  size_t pinned = 0;
  start_thread("pinned", [&] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof(set), &set);
    int first = 0;
    while (!CPU_ISSET(first, &set))
      ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    sched_setaffinity(0, sizeof(set), &set);
    pinned = usable_cores();
  }).join();
  CHECK(pinned == 1);
}

TEST_CASE("without a quota there is none") {
  const Cgroups groups;
  CHECK(groups.quota("") == 0);
  CHECK(groups.quota("0::/a\n") == 0);
  groups.write("a/cpu.max", "max 100000\n");
  CHECK(groups.quota("0::/a\n") == 0);
  groups.write("cpu/a/cpu.cfs_quota_us", "-1\n");
  groups.write("cpu/a/cpu.cfs_period_us", "100000\n");
  CHECK(groups.quota("3:cpu:/a\n") == 0);
}

TEST_CASE("the least quota of a group and those above it counts (version 2)") {
  const Cgroups groups;
  groups.write("a/b/cpu.max", "400000 100000\n");
  CHECK(groups.quota("0::/a/b\n") == 4);
  groups.write("a/cpu.max", "150000 100000\n");
  CHECK(groups.quota("0::/a/b\n") == 1.5);
  CHECK(groups.quota("0::/a/b/c\n") == 1.5);
  CHECK(groups.quota("0::/other\n") == 0);
}

TEST_CASE("in a container the visible root decides (version 2)") {
  const Cgroups groups;
  groups.write("cpu.max", "200000 100000\n");
  CHECK(groups.quota("0::/\n") == 2);
  CHECK(groups.quota("0::/host/path/not/visible/here\n") == 2);
}

TEST_CASE("version 1 is found under the names of its controllers") {
  const Cgroups groups;
  groups.write("cpu,cpuacct/docker/1/cpu.cfs_quota_us", "50000\n");
  groups.write("cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  CHECK(groups.quota("5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/\n") == 0.5);
  CHECK(groups.quota("4:cpuset:/docker/1\n") == 0);
}

TEST_CASE("nonsense in the files of the cgroups is no quota") {
  const Cgroups groups;
  groups.write("a/cpu.max", "many 100000\n");
  groups.write("b/cpu.max", "100000 0\n");
  groups.write("c/cpu.max", "100000\n");
  for (const char* membership : {"0::/a\n", "0::/b\n", "0::/c\n", "::", "0", "0::relative\n"}) {
    CAPTURE(membership);
    CHECK(groups.quota(membership) == 0);
  }
}
