// The command line of the tools that check files: `kvstash --check-aof ...`, or this program under
// a name that ends with "-check-aof" or "-check-rdb". Main thread.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/check/check_aof.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

enum class CheckTool : uint8_t { kAof, kRdb };

struct CheckCommand {
  CheckTool tool = CheckTool::kAof;
  std::string program;                   // As it was called: for the usage.
  std::vector<std::string> arguments{};  // Behind the name, or behind --check-aof.
};

// Returns the tool that the words of a command line ask for, or nothing if they ask for a server.
std::optional<CheckCommand> find_check_command(std::span<const char* const> words);

// Reads [--fix | --truncate-to-timestamp SECONDS] [--yes] [--json] FILE|MANIFEST. The error is the
// usage, as redis-check-aof prints it.
struct CheckAofArguments {
  CheckAofRequest request;
  bool assumes_yes = false;  // --yes: nothing is asked.
};
Result<CheckAofArguments> parse_check_aof(const CheckCommand& command);

// Reads [--json] FILE. The error is the usage, as redis-check-rdb prints it.
Result<CheckRdbRequest> parse_check_rdb(const CheckCommand& command);

// Runs the tool on the files of `disk`. Returns its exit code. `console.confirm` is asked unless
// the arguments say yes.
int run_check_command(Disk& disk, const Clock& clock, const CheckCommand& command,
                      const CheckConsole& console);

}  // namespace kvstash::persist
