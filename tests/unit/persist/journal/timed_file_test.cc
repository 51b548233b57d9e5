#include "persist/journal/timed_file.h"

#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using test::SimDisk;

TEST_CASE("a timed file does what the file inside does, and tells how long writes and syncs took") {
  SimDisk disk;
  int64_t now = 1000;
  disk.set_hook([&now](std::string_view what, const std::string&) {
    now += what == "write" ? 5 : what == "fdatasync" ? 70 : 900;
  });
  std::vector<std::pair<TimedFile::Call, int64_t>> told;
  TimedFile file(
      *disk.open("f", Disk::Access::kReplace), [&now] { return now; },
      [&told](TimedFile::Call call, int64_t ns) { told.emplace_back(call, ns); });
  REQUIRE(file.write("abc").ok());
  REQUIRE(file.sync().ok());
  REQUIRE(file.truncate(2).ok());
  char bytes[8];
  CHECK(*file.read(0, bytes, sizeof(bytes)) == 2);
  CHECK(*file.size() == 2);
  disk.inject({.call = disk.calls() + 1});
  CHECK_FALSE(file.sync().ok());
  CHECK(file.close().ok());
  CHECK(disk.content("f") == "ab");
  CHECK(told == std::vector<std::pair<TimedFile::Call, int64_t>>{{TimedFile::Call::kWrite, 5},
                                                                 {TimedFile::Call::kSync, 70},
                                                                 {TimedFile::Call::kSync, 70}});
}

}  // namespace
}  // namespace kvstash::persist
