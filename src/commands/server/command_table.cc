#include "commands/server/command.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr CommandSpec kCommandCountRow = {
    .name = "count",
    .arity = 2,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "O(1)",
    .summary = "Get total number of Redis commands",
    .run = command_count,
};

constexpr ArgSpec kCommandDocsArgs[] = {
    {.name = "command-name", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kCommandDocsRow = {
    .name = "docs",
    .arity = -2,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of commands to look up",
    .summary = "Get array of specific Redis command documentation",
    .tips = kVariesInOrder,
    .arguments = kCommandDocsArgs,
    .run = command_docs,
};

constexpr CommandSpec kCommandGetkeysRow = {
    .name = "getkeys",
    .arity = -4,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "O(N) where N is the number of arguments to the command",
    .summary = "Extract keys given a full Redis command",
    .run = command_getkeys,
};

constexpr CommandSpec kCommandGetkeysandflagsRow = {
    .name = "getkeysandflags",
    .arity = -4,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of arguments to the command",
    .summary = "Extract keys and access flags given a full Redis command",
    .run = command_getkeysandflags,
};

constexpr CommandSpec kCommandHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = command_help,
};

constexpr HistoryNote kCommandInfoHistory[] = {
    {"7.0.0", "Allowed to be called with no argument to get info on all commands."},
};
constexpr CommandSpec kCommandInfoRow = {
    .name = "info",
    .arity = -2,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "O(N) where N is the number of commands to look up",
    .summary = "Get array of specific Redis command details, or all when no argument is given.",
    .history = kCommandInfoHistory,
    .tips = kVariesInOrder,
    .arguments = kCommandDocsArgs,
    .run = command_info,
};

constexpr ArgSpec kCommandListFilterby[] = {
    {.name = "module-name", .token = "MODULE"},
    {.name = "category", .token = "ACLCAT"},
    {.name = "pattern", .type = kPattern, .token = "PATTERN"},
};
constexpr ArgSpec kCommandListArgs[] = {
    {.name = "filterby",
     .type = kOneOf,
     .token = "FILTERBY",
     .flags = kArgOptional,
     .arguments = kCommandListFilterby},
};
constexpr CommandSpec kCommandListRow = {
    .name = "list",
    .arity = -2,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the total number of Redis commands",
    .summary = "Get an array of Redis command names",
    .tips = kVariesInOrder,
    .arguments = kCommandListArgs,
    .run = command_list,
};

constexpr CommandSpec kCommandSubcommands[] = {
    kCommandCountRow, kCommandDocsRow, kCommandGetkeysRow, kCommandGetkeysandflagsRow,
    kCommandHelpRow,  kCommandInfoRow, kCommandListRow};
constexpr CommandSpec kCommandRow = {
    .name = "command",
    .arity = -1,
    .flags = kLoading | kStale,
    .acl = kAclConnection,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.8.13",
    .complexity = "O(N) where N is the total number of Redis commands",
    .summary = "Get array of Redis command details",
    .tips = kVariesInOrder,
    .subcommands = kCommandSubcommands,
    .run = command,
};

constexpr CommandSpec kRows[] = {
    kCommandRow,
};

}  // namespace

CommandRows command_commands() {
  return kRows;
}

}  // namespace kvstash::commands
