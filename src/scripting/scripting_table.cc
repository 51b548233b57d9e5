#include "scripting/scripting_table.h"

#include "commands/shared/row_parts.h"
#include "scripting/eval_commands.h"
#include "scripting/function_commands.h"
#include "scripting/script_commands.h"

namespace kvstash::scripting {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kEvalKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1,
     .notes = "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"},
};
constexpr ArgSpec kEvalArgs[] = {
    {.name = "script"},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgOptional | kArgMultiple},
    {.name = "arg", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kEvalRow = {
    .name = "eval",
    .arity = -3,
    .flags = kNoScript | kMayReplicate | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kEvalKeys,
    .find_keys = eval_keys,
    .find_scope = eval_scope,
    .find_flags = eval_flags,
    .since = "2.6.0",
    .complexity = "Depends on the script that is executed.",
    .summary = "Execute a Lua script server side",
    .arguments = kEvalArgs,
    .run = eval,
};

constexpr KeySpec kEvalRoKeys[] = {
    {.flags = kKeyRO | kKeyAccess,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1,
     .notes = "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"},
};
constexpr CommandSpec kEvalRoRow = {
    .name = "eval_ro",
    .arity = -3,
    .flags = kReadOnly | kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kEvalRoKeys,
    .find_keys = eval_ro_keys,
    .find_scope = eval_scope,
    .find_flags = eval_flags,
    .since = "7.0.0",
    .complexity = "Depends on the script that is executed.",
    .summary = "Execute a read-only Lua script server side",
    .arguments = kEvalArgs,
    .run = eval_ro,
};

constexpr KeySpec kEvalshaKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1},
};
constexpr ArgSpec kEvalshaArgs[] = {
    {.name = "sha1"},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgOptional | kArgMultiple},
    {.name = "arg", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kEvalshaRow = {
    .name = "evalsha",
    .arity = -3,
    .flags = kNoScript | kMayReplicate | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kEvalshaKeys,
    .find_keys = eval_keys,
    .find_scope = evalsha_scope,
    .find_flags = evalsha_flags,
    .since = "2.6.0",
    .complexity = "Depends on the script that is executed.",
    .summary = "Execute a Lua script server side",
    .arguments = kEvalshaArgs,
    .run = evalsha,
};

constexpr KeySpec kEvalshaRoKeys[] = {
    {.flags = kKeyRO | kKeyAccess,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1},
};
constexpr CommandSpec kEvalshaRoRow = {
    .name = "evalsha_ro",
    .arity = -3,
    .flags = kReadOnly | kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kEvalshaRoKeys,
    .find_keys = eval_ro_keys,
    .find_scope = evalsha_scope,
    .find_flags = evalsha_flags,
    .since = "7.0.0",
    .complexity = "Depends on the script that is executed.",
    .summary = "Execute a read-only Lua script server side",
    .arguments = kEvalshaArgs,
    .run = evalsha_ro,
};

constexpr KeySpec kFcallKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1,
     .notes = "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"},
};
constexpr ArgSpec kFcallArgs[] = {
    {.name = "function"},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgOptional | kArgMultiple},
    {.name = "arg", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kFcallRow = {
    .name = "fcall",
    .arity = -3,
    .flags = kNoScript | kMayReplicate | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kFcallKeys,
    .find_keys = eval_keys,
    .find_scope = fcall_scope,
    .find_flags = fcall_flags,
    .since = "7.0.0",
    .complexity = "Depends on the function that is executed.",
    .summary = "Invoke a function",
    .arguments = kFcallArgs,
    .run = fcall,
};

constexpr KeySpec kFcallRoKeys[] = {
    {.flags = kKeyRO | kKeyAccess,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1,
     .notes = "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"},
};
constexpr CommandSpec kFcallRoRow = {
    .name = "fcall_ro",
    .arity = -3,
    .flags = kReadOnly | kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kMovableKeys,
    .group = CommandGroup::kScripting,
    .scope = Scope::kKeys,
    .keys = kFcallRoKeys,
    .find_keys = eval_ro_keys,
    .find_scope = fcall_scope,
    .find_flags = fcall_flags,
    .since = "7.0.0",
    .complexity = "Depends on the function that is executed.",
    .summary = "Invoke a read-only function",
    .arguments = kFcallArgs,
    .run = fcall_ro,
};

constexpr ArgSpec kFunctionDeleteArgs[] = {
    {.name = "library-name"},
};
constexpr CommandSpec kFunctionDeleteRow = {
    .name = "delete",
    .arity = 3,
    .flags = kWrite | kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kAllShards,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Delete a function by name",
    .tips = kAllShardsMustSucceed,
    .arguments = kFunctionDeleteArgs,
    .run = function_delete,
};

constexpr CommandSpec kFunctionDumpRow = {
    .name = "dump",
    .arity = 2,
    .flags = kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of functions",
    .summary = "Dump all functions into a serialized binary payload",
    .run = function_dump,
};

constexpr ArgSpec kFunctionFlushAsync[] = {
    {.name = "async", .type = kPureToken, .token = "ASYNC"},
    {.name = "sync", .type = kPureToken, .token = "SYNC"},
};
constexpr ArgSpec kFunctionFlushArgs[] = {
    {.name = "async", .type = kOneOf, .flags = kArgOptional, .arguments = kFunctionFlushAsync},
};
constexpr CommandSpec kFunctionFlushRow = {
    .name = "flush",
    .arity = -2,
    .flags = kWrite | kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kAllShards,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of functions deleted",
    .summary = "Deleting all functions",
    .tips = kAllShardsMustSucceed,
    .arguments = kFunctionFlushArgs,
    .run = function_flush,
};

constexpr CommandSpec kFunctionHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = function_help,
};

constexpr std::string_view kFunctionKillTips[] = {"request_policy:all_shards",
                                                  "response_policy:one_succeeded"};
constexpr CommandSpec kFunctionKillRow = {
    .name = "kill",
    .arity = 2,
    .flags = kNoScript | kAllowBusy,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Kill the function currently in execution.",
    .tips = kFunctionKillTips,
    .run = function_kill,
};

constexpr ArgSpec kFunctionListArgs[] = {
    {.name = "library-name-pattern", .token = "LIBRARYNAME", .flags = kArgOptional},
    {.name = "withcode", .type = kPureToken, .token = "WITHCODE", .flags = kArgOptional},
};
constexpr CommandSpec kFunctionListRow = {
    .name = "list",
    .arity = -2,
    .flags = kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of functions",
    .summary = "List information about all the functions",
    .tips = kVariesInOrder,
    .arguments = kFunctionListArgs,
    .run = function_list,
};

constexpr ArgSpec kFunctionLoadArgs[] = {
    {.name = "replace", .type = kPureToken, .token = "REPLACE", .flags = kArgOptional},
    {.name = "function-code"},
};
constexpr CommandSpec kFunctionLoadRow = {
    .name = "load",
    .arity = -3,
    .flags = kWrite | kDenyOom | kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kAllShards,
    .since = "7.0.0",
    .complexity = "O(1) (considering compilation time is redundant)",
    .summary = "Create a function with the given arguments (name, code, description)",
    .tips = kAllShardsMustSucceed,
    .arguments = kFunctionLoadArgs,
    .run = function_load,
};

constexpr ArgSpec kFunctionRestorePolicy[] = {
    {.name = "flush", .type = kPureToken, .token = "FLUSH"},
    {.name = "append", .type = kPureToken, .token = "APPEND"},
    {.name = "replace", .type = kPureToken, .token = "REPLACE"},
};
constexpr ArgSpec kFunctionRestoreArgs[] = {
    {.name = "serialized-value"},
    {.name = "policy", .type = kOneOf, .flags = kArgOptional, .arguments = kFunctionRestorePolicy},
};
constexpr CommandSpec kFunctionRestoreRow = {
    .name = "restore",
    .arity = -3,
    .flags = kWrite | kDenyOom | kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kAllShards,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of functions on the payload",
    .summary = "Restore all the functions on the given payload",
    .tips = kAllShardsMustSucceed,
    .arguments = kFunctionRestoreArgs,
    .run = function_restore,
};

constexpr CommandSpec kFunctionStatsRow = {
    .name = "stats",
    .arity = 2,
    .flags = kNoScript | kAllowBusy,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary =
        "Return information about the function currently running (name, description, duration)",
    .tips = kEachShardDiffers,
    .run = function_stats,
};

constexpr CommandSpec kFunctionSubcommands[] = {
    kFunctionDeleteRow, kFunctionDumpRow, kFunctionFlushRow,   kFunctionHelpRow, kFunctionKillRow,
    kFunctionListRow,   kFunctionLoadRow, kFunctionRestoreRow, kFunctionStatsRow};
constexpr CommandSpec kFunctionRow = {
    .name = "function",
    .arity = -2,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for function commands",
    .subcommands = kFunctionSubcommands,
};

constexpr ArgSpec kScriptDebugMode[] = {
    {.name = "yes", .type = kPureToken, .token = "YES"},
    {.name = "sync", .type = kPureToken, .token = "SYNC"},
    {.name = "no", .type = kPureToken, .token = "NO"},
};
constexpr ArgSpec kScriptDebugArgs[] = {
    {.name = "mode", .type = kOneOf, .arguments = kScriptDebugMode},
};
constexpr CommandSpec kScriptDebugRow = {
    .name = "debug",
    .arity = 3,
    .flags = kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "3.2.0",
    .complexity = "O(1)",
    .summary = "Set the debug mode for executed scripts.",
    .arguments = kScriptDebugArgs,
    .run = script_debug,
};

constexpr std::string_view kScriptExistsTips[] = {"request_policy:all_shards",
                                                  "response_policy:agg_logical_and"};
constexpr ArgSpec kScriptExistsArgs[] = {
    {.name = "sha1", .flags = kArgMultiple},
};
// SCRIPT EXISTS asks no shard, but its scope makes it wait for scripts that other shards still run.
constexpr CommandSpec kScriptExistsRow = {
    .name = "exists",
    .arity = -3,
    .flags = kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kGather,
    .since = "2.6.0",
    .complexity =
        "O(N) with N being the number of scripts to check (so checking a single script is an O(1) "
        "operation).",
    .summary = "Check existence of scripts in the script cache.",
    .tips = kScriptExistsTips,
    .arguments = kScriptExistsArgs,
    .run = script_exists,
};

constexpr HistoryNote kScriptFlushHistory[] = {
    {"6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."},
};
constexpr ArgSpec kScriptFlushArgs[] = {
    {.name = "async",
     .type = kOneOf,
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kFunctionFlushAsync},
};
constexpr CommandSpec kScriptFlushRow = {
    .name = "flush",
    .arity = -2,
    .flags = kNoScript,
    .group = CommandGroup::kScripting,
    .scope = Scope::kAllShards,
    .since = "2.6.0",
    .complexity = "O(N) with N being the number of scripts in cache",
    .summary = "Remove all the scripts from the script cache.",
    .history = kScriptFlushHistory,
    .tips = kAllNodesMustSucceed,
    .arguments = kScriptFlushArgs,
    .run = script_flush,
};

constexpr CommandSpec kScriptHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = script_help,
};

constexpr CommandSpec kScriptKillRow = {
    .name = "kill",
    .arity = 2,
    .flags = kNoScript | kAllowBusy,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Kill the script currently in execution.",
    .tips = kFunctionKillTips,
    .run = script_kill,
};

constexpr ArgSpec kScriptLoadArgs[] = {
    {.name = "script"},
};
// Like SCRIPT EXISTS, SCRIPT LOAD waits, so that an EVALSHA sent before it does not know the
// script.
constexpr CommandSpec kScriptLoadRow = {
    .name = "load",
    .arity = 3,
    .flags = kNoScript | kStale,
    .group = CommandGroup::kScripting,
    .scope = Scope::kGather,
    .since = "2.6.0",
    .complexity = "O(N) with N being the length in bytes of the script body.",
    .summary = "Load the specified Lua script into the script cache.",
    .tips = kAllNodesMustSucceed,
    .arguments = kScriptLoadArgs,
    .run = script_load,
};

constexpr CommandSpec kScriptSubcommands[] = {kScriptDebugRow, kScriptExistsRow, kScriptFlushRow,
                                              kScriptHelpRow,  kScriptKillRow,   kScriptLoadRow};
constexpr CommandSpec kScriptRow = {
    .name = "script",
    .arity = -2,
    .group = CommandGroup::kScripting,
    .scope = Scope::kSession,
    .since = "2.6.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for Lua scripts management commands",
    .subcommands = kScriptSubcommands,
};

constexpr CommandSpec kRows[] = {
    kEvalRow,  kEvalRoRow,  kEvalshaRow,  kEvalshaRoRow,
    kFcallRow, kFcallRoRow, kFunctionRow, kScriptRow,
};

}  // namespace

std::span<const CommandSpec> scripting_commands() {
  return kRows;
}

}  // namespace kvstash::scripting
