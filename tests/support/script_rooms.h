// The rows of all commands that need no server, with those of scripts, of functions, and of values
// outside of memory.
#pragma once

#include "persist/commands/persist_table.h"
#include "scripting/scripting_table.h"
#include "support/command_rooms.h"

#include <span>
#include <vector>

namespace kvstash::test {

inline std::span<const std::span<const engine::CommandSpec>> engine_and_script_commands() {
  static const std::vector<std::span<const engine::CommandSpec>> kRows = [] {
    const auto commands = engine_commands();
    std::vector<std::span<const engine::CommandSpec>> all(commands.begin(), commands.end());
    all.push_back(scripting::scripting_commands());
    all.push_back(persist::persist_commands());
    return all;
  }();
  return kRows;
}

}  // namespace kvstash::test
