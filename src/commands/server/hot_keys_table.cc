#include "commands/server/hot_keys.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr std::string_view kHotkeysGetTips[] = {"request_policy:all_nodes",
                                                "nondeterministic_output"};
constexpr ArgSpec kHotkeysGetArgs[] = {
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kHotkeysGetRow = {
    .name = "get",
    .arity = -2,
    .flags = kAdmin | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "9.2.0",
    .complexity = "O(N) where N is the number of hot keys, which is bounded",
    .summary = "Get the keys that are used most",
    .tips = kHotkeysGetTips,
    .arguments = kHotkeysGetArgs,
    .run = hotkeys_get,
};

constexpr CommandSpec kHotkeysHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "9.2.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = hotkeys_help,
};

constexpr CommandSpec kHotkeysResetRow = {
    .name = "reset",
    .arity = 2,
    .flags = kAdmin | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "9.2.0",
    .complexity = "O(N) where N is the number of hot keys, which is bounded",
    .summary = "Forget which keys were used most",
    .tips = kAllNodesMustSucceed,
    .run = hotkeys_reset,
};

constexpr CommandSpec kHotkeysSubcommands[] = {kHotkeysGetRow, kHotkeysHelpRow, kHotkeysResetRow};
constexpr CommandSpec kHotkeysRow = {
    .name = "hotkeys",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "9.2.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for hot keys commands",
    .subcommands = kHotkeysSubcommands,
};

constexpr CommandSpec kRows[] = {kHotkeysRow};

}  // namespace

CommandRows hot_keys_commands() {
  return kRows;
}

}  // namespace kvstash::commands
