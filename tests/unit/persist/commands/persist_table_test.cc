#include "persist/commands/persist_table.h"

#include "support/command_rows.h"

#include <doctest/doctest.h>

namespace kvstash::persist {

TEST_CASE("every row of the commands about values outside of memory is documented and consistent") {
  const std::span<const engine::CommandSpec> rows[] = {persist_commands()};
  test::check_rows(rows);
}

}  // namespace kvstash::persist
