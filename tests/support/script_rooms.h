// The rows of all commands that need no server, with those of scripts and functions.
#pragma once

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
    return all;
  }();
  return kRows;
}

}  // namespace kvstash::test
