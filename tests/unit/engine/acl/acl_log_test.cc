#include "engine/acl/acl_log.h"

#include <doctest/doctest.h>

namespace kvstash::engine {
namespace {

AclLogEntry entry(std::string object, int64_t now_ms) {
  return {.reason = AclReason::kKey,
          .context = AclContextKind::kTopLevel,
          .object = std::move(object),
          .user = "ann",
          .client = {},
          .created_ms = now_ms,
          .updated_ms = now_ms};
}

TEST_CASE("the same denial within a minute is counted, and comes to the front") {
  AclLog log;
  log.add(entry("a", 1000), 10);
  log.add(entry("b", 2000), 10);
  log.add(entry("a", 3000), 10);
  const auto entries = log.newest(10);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].object == "a");
  CHECK(entries[0].count == 2);
  CHECK(entries[0].id == 0);
  CHECK(entries[0].created_ms == 1000);
  CHECK(entries[0].updated_ms == 3000);
  log.add(entry("a", 3000 + 60'001), 10);
  CHECK(log.newest(10).size() == 3);
  CHECK(log.denied(AclReason::kKey) == 4);
}

TEST_CASE("the oldest denials go when the log is full") {
  AclLog log;
  for (int i = 0; i < 10; ++i)
    log.add(entry(std::to_string(i), i), 3);
  const auto entries = log.newest(100);
  REQUIRE(entries.size() == 3);
  CHECK(entries[2].object == "7");
  log.clear();
  CHECK(log.newest(1).empty());
  log.add(entry("x", 0), 0);
  CHECK(log.newest(1).empty());
}

}  // namespace
}  // namespace kvstash::engine
