#include "commands/tables.h"

#include "support/command_rows.h"

#include <doctest/doctest.h>

namespace kvstash::commands {

TEST_CASE("every row of this room is named, documented and consistent") {
  const CommandRows rows[] = {bitmap_commands(),     client_commands(), command_commands(),
                              connection_commands(), hash_commands(),   keys_commands(),
                              list_commands(),       server_commands(), slowlog_commands(),
                              sorted_set_commands(), string_commands(), transaction_commands()};
  test::check_rows(rows);
}

}  // namespace kvstash::commands
