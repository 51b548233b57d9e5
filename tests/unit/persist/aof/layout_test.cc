#include "persist/aof/layout.h"

#include <doctest/doctest.h>

using namespace kvstash::persist;

TEST_CASE("files have the names that Redis gives them") {
  const AofLayout layout;
  CHECK(layout.base_name(2, true) == "appendonly.aof.2.base.rdb");
  CHECK(layout.base_name(2, false) == "appendonly.aof.2.base.aof");
  CHECK(layout.increment_name(3) == "appendonly.aof.3.incr.aof");
  CHECK(layout.manifest_path() == "appendonlydir/appendonly.aof.manifest");
  CHECK(layout.temporary_manifest_path() == "appendonlydir/temp-appendonly.aof.manifest");
  CHECK(layout.old_file_path() == "appendonly.aof");
  const AofLayout other{.directory = "d", .file_name = "f", .data_directory = "/data"};
  CHECK(other.path("x") == "/data/d/x");
  CHECK(other.old_file_path() == "/data/f");
}

TEST_CASE("names of data and temporary names are told from others") {
  const AofLayout layout;
  CHECK(layout.is_data_name("appendonly.aof.1.base.rdb"));
  CHECK(layout.is_data_name("appendonly.aof.12.incr.aof"));
  for (const char* other :
       {"appendonly.aof", "appendonly.aof.manifest", "appendonly.aof.x.incr.aof",
        "appendonly.aof.1.incr.rdb", "appendonly.aof.1", "other.1.incr.aof"})
    CHECK_FALSE(layout.is_data_name(other));
  CHECK(layout.is_temporary_name("temp-appendonly.aof.manifest"));
  CHECK(layout.is_temporary_name("temp-appendonly.aof.kept"));
  CHECK(layout.is_temporary_name("temp-rewriteaof-1.aof"));
  CHECK_FALSE(layout.is_temporary_name("appendonly.aof.1.incr.aof"));
}
