#include "server/usable_memory.h"

#include <doctest/doctest.h>

namespace kvstash::server {
namespace {

using Files = std::vector<std::string>;

TEST_CASE("the limits of a group of version 2 and of those around it are looked for") {
  CHECK(memory_limit_files("0::/a/b\n") == Files{"/sys/fs/cgroup/a/b/memory.max",
                                                 "/sys/fs/cgroup/a/memory.max",
                                                 "/sys/fs/cgroup/memory.max"});
  CHECK(memory_limit_files("0::/\n") == Files{"/sys/fs/cgroup/memory.max"});
}

TEST_CASE("of version 1 the group of the memory controller counts") {
  CHECK(memory_limit_files("5:devices:/d\n4:cpu,memory:/m\n") ==
        Files{"/sys/fs/cgroup/memory/m/memory.limit_in_bytes",
              "/sys/fs/cgroup/memory/memory.limit_in_bytes"});
}

TEST_CASE("text that names no group names no file") {
  for (const std::string_view text : {"", "\n", "4", "4:memory", ":::"}) {
    CAPTURE(text);
    CHECK(memory_limit_files(text).empty());
  }
}

TEST_CASE("the process may use some memory") {
  CHECK(usable_memory() > uint64_t{1} << 20);
}

}  // namespace
}  // namespace kvstash::server
