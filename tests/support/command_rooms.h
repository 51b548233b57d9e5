// The rows of all commands that need no server around them, for tests of the engine.
#pragma once

#include "commands/tables.h"

#include <span>

namespace kvstash::test {

inline std::span<const std::span<const engine::CommandSpec>> engine_commands() {
  static const std::span<const engine::CommandSpec> kRows[] = {
      commands::bitmap_commands(),     commands::client_commands(), commands::connection_commands(),
      commands::keys_commands(),       commands::server_commands(), commands::string_commands(),
      commands::transaction_commands()};
  return kRows;
}

}  // namespace kvstash::test
