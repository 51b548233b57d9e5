#include "commands/server/server.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr std::string_view kDbsizeTips[] = {"request_policy:all_shards", "response_policy:agg_sum"};
constexpr CommandSpec kDbsizeRow = {
    .name = "dbsize",
    .arity = 1,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Return the number of keys in the selected database",
    .tips = kDbsizeTips,
    .run = dbsize,
};

constexpr HistoryNote kFlushallHistory[] = {
    {"4.0.0", "Added the `ASYNC` flushing mode modifier."},
    {"6.2.0", "Added the `SYNC` flushing mode modifier."},
};
constexpr ArgSpec kFlushallAsync[] = {
    {.name = "async", .type = kPureToken, .token = "ASYNC", .since = "4.0.0"},
    {.name = "sync", .type = kPureToken, .token = "SYNC", .since = "6.2.0"},
};
constexpr ArgSpec kFlushallArgs[] = {
    {.name = "async", .type = kOneOf, .flags = kArgOptional, .arguments = kFlushallAsync},
};
constexpr CommandSpec kFlushallRow = {
    .name = "flushall",
    .arity = -1,
    .flags = kWrite,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of keys in all databases",
    .summary = "Remove all keys from all databases",
    .history = kFlushallHistory,
    .tips = kAllShardsMustSucceed,
    .arguments = kFlushallArgs,
    .run = flushall,
};

constexpr CommandSpec kFlushdbRow = {
    .name = "flushdb",
    .arity = -1,
    .flags = kWrite,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of keys in the selected database",
    .summary = "Remove all keys from the current database",
    .history = kFlushallHistory,
    .tips = kAllShardsMustSucceed,
    .arguments = kFlushallArgs,
    .run = flushdb,
};

constexpr ArgSpec kLolwutArgs[] = {
    {.name = "version", .type = kInteger, .token = "VERSION", .flags = kArgOptional},
};
constexpr CommandSpec kLolwutRow = {
    .name = "lolwut",
    .arity = -1,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .summary = "Display some computer art and the Redis version",
    .arguments = kLolwutArgs,
    .run = lolwut,
};

constexpr CommandSpec kModuleHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = module_help,
};

constexpr CommandSpec kModuleListRow = {
    .name = "list",
    .arity = 2,
    .flags = kAdmin | kNoScript,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "O(N) where N is the number of loaded modules.",
    .summary = "List all modules loaded by the server",
    .tips = kVariesInOrder,
    .run = module_list,
};

constexpr ArgSpec kModuleLoadArgs[] = {
    {.name = "path"},
    {.name = "arg", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kModuleLoadRow = {
    .name = "load",
    .arity = -3,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kProtected,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Load a module",
    .arguments = kModuleLoadArgs,
    .run = module_load,
};

constexpr ArgSpec kModuleLoadexConfigs[] = {
    {.name = "name"},
    {.name = "value"},
};
constexpr ArgSpec kModuleLoadexRest[] = {
    {.name = "arg"},
};
constexpr ArgSpec kModuleLoadexArgs[] = {
    {.name = "path"},
    {.name = "configs",
     .type = kBlock,
     .token = "CONFIG",
     .flags = kArgOptional | kArgMultiple | kArgMultipleToken,
     .arguments = kModuleLoadexConfigs},
    {.name = "args",
     .type = kBlock,
     .token = "ARGS",
     .flags = kArgOptional | kArgMultiple,
     .arguments = kModuleLoadexRest},
};
constexpr CommandSpec kModuleLoadexRow = {
    .name = "loadex",
    .arity = -3,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kProtected,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Load a module with extended parameters",
    .arguments = kModuleLoadexArgs,
    .run = module_load,
};

constexpr ArgSpec kModuleUnloadArgs[] = {
    {.name = "name"},
};
constexpr CommandSpec kModuleUnloadRow = {
    .name = "unload",
    .arity = 3,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kProtected,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Unload a module",
    .arguments = kModuleUnloadArgs,
    .run = module_unload,
};

constexpr CommandSpec kModuleSubcommands[] = {kModuleHelpRow, kModuleListRow, kModuleLoadRow,
                                              kModuleLoadexRow, kModuleUnloadRow};
constexpr CommandSpec kModuleRow = {
    .name = "module",
    .arity = -2,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "4.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for module commands",
    .subcommands = kModuleSubcommands,
};

constexpr CommandSpec kMonitorRow = {
    .name = "monitor",
    .arity = 1,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .summary = "Listen for all requests received by the server in real time",
    .run = monitor,
};

constexpr ArgSpec kSwapdbArgs[] = {
    {.name = "index1", .type = kInteger},
    {.name = "index2", .type = kInteger},
};
constexpr CommandSpec kSwapdbRow = {
    .name = "swapdb",
    .arity = 3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kAllShards,
    .since = "4.0.0",
    .complexity =
        "O(N) where N is the count of clients watching or blocking on keys from both databases.",
    .summary = "Swaps two Redis databases",
    .arguments = kSwapdbArgs,
    .run = swapdb,
};

constexpr CommandSpec kTimeRow = {
    .name = "time",
    .arity = 1,
    .flags = kLoading | kStale | kFast,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Return the current server time",
    .tips = kVaries,
    .run = time,
};

constexpr CommandSpec kRows[] = {
    kDbsizeRow, kFlushallRow, kFlushdbRow, kLolwutRow,
    kModuleRow, kMonitorRow,  kSwapdbRow,  kTimeRow,
};

}  // namespace

CommandRows server_commands() {
  return kRows;
}

}  // namespace kvstash::commands
