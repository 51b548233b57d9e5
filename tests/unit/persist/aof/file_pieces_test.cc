#include "persist/aof/file_pieces.h"

#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist;

TEST_CASE("the pieces of a file make the file, and grow as far as is asked") {
  test::SimDisk disk;
  disk.put("f", "0123456789");
  const auto file = *disk.open("f", Disk::Access::kRead);
  FilePieces pieces(*file, 2, 9, 3);
  CHECK(pieces.unread().empty());
  REQUIRE(pieces.more(1).ok());
  CHECK(pieces.unread() == "234");
  pieces.drop(2);
  REQUIRE(pieces.more(4).ok());
  CHECK(pieces.unread() == "4567");
  CHECK_FALSE(pieces.at_end());
  REQUIRE(pieces.more(SIZE_MAX / 4).ok());
  CHECK(pieces.unread() == "45678");
  CHECK(pieces.at_end());
}

TEST_CASE("a file that cannot be read, or became shorter, is an error") {
  test::SimDisk disk;
  disk.put("f", "0123");
  const auto file = *disk.open("f", Disk::Access::kRead);
  FilePieces longer(*file, 0, 100, 3);
  CHECK(longer.more(50).error().message() == "the file became shorter while it was read");
  FilePieces pieces(*file, 0, 4, 3);
  disk.inject({.call = disk.calls() + 1});
  CHECK(pieces.more(1).error().message() == "read f: Input/output error");
}
