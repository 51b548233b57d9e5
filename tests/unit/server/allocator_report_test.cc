#include "server/allocator_report.h"

#include <doctest/doctest.h>

namespace kvstash::server {

TEST_CASE("there is a report, whatever the allocator") {
  CHECK_FALSE(allocator_report().empty());
}

#ifndef KVSTASH_NO_JEMALLOC

TEST_CASE("settings are read and set by name, whatever their width") {
  CHECK(allocator_number("arenas.page", {}).ok());
  const Result<int64_t> thread = allocator_number("background_thread", {});
  REQUIRE(thread.ok());
  REQUIRE(allocator_number("background_thread", 0).ok());
  CHECK(*allocator_number("background_thread", {}) == 0);
  CHECK(allocator_number("background_thread", *thread).ok());
  CHECK(allocator_text("version", {}).ok());
}

TEST_CASE("a setting that is not there is an error with the system's reason") {
  CHECK(allocator_number("nonsense", {}).error().message() == "ERR No such file or directory");
  CHECK(allocator_text("nonsense", {}).error().message() == "ERR No such file or directory");
  CHECK_FALSE(allocator_text("version", "1").ok());
}

#endif

}  // namespace kvstash::server
