// The rows of all commands that need no server, for tests of the engine.
#pragma once

#include "commands/tables.h"

#include <span>

namespace kvstash::test {

inline std::span<const std::span<const engine::CommandSpec>> engine_commands() {
  return commands::all_commands();
}

}  // namespace kvstash::test
