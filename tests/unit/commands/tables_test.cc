#include "commands/tables.h"

#include "support/command_rows.h"

#include <doctest/doctest.h>

namespace kvstash::commands {

TEST_CASE("every row of this room is named, documented and consistent") {
  test::check_rows(all_commands());
}

}  // namespace kvstash::commands
