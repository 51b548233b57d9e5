#include "server/server_commands.h"
#include "support/command_rows.h"

#include <doctest/doctest.h>

namespace kvstash::server {

TEST_CASE("every row of the server's own commands is named, documented and consistent") {
  const std::span<const engine::CommandSpec> rows[] = {server_commands()};
  test::check_rows(rows);
}

}  // namespace kvstash::server
