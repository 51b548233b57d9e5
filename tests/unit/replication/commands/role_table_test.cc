#include "replication/commands/role.h"
#include "support/command_rows.h"

#include <doctest/doctest.h>

#include <array>

namespace kvstash::replication {

TEST_CASE("every row about the role is named, documented and consistent") {
  test::check_rows(std::array{role_commands()});
}

}  // namespace kvstash::replication
