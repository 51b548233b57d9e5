#include "server/debug_state.h"

#include <doctest/doctest.h>

namespace kvstash::server {

TEST_CASE("replication ids are forty hex digits, and differ") {
  const std::string id = DebugState::random_id();
  CHECK(id.size() == 40);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id != DebugState::random_id());
}

}  // namespace kvstash::server
