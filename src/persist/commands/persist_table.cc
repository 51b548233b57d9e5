#include "persist/commands/persist_table.h"

#include "commands/shared/row_parts.h"
#include "persist/commands/dump.h"
#include "persist/commands/save.h"

namespace kvstash::persist {
namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr CommandSpec kDumpRow = {
    .name = "dump",
    .arity = 2,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.6.0",
    .complexity =
        "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of "
        "Redis objects composing the value and M their average size. For small string values the "
        "time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
    .summary = "Return a serialized version of the value stored at the specified key.",
    .tips = kVaries,
    .arguments = kOneKey,
    .run = dump,
};

constexpr std::string_view kRestoreComplexity =
    "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N "
    "is the number of Redis objects composing the value and M their average size. For small string "
    "values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for "
    "sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets "
    "is O(log(N)).";
constexpr HistoryNote kRestoreHistory[] = {
    {"3.0.0", "Added the `REPLACE` modifier."},
    {"5.0.0", "Added the `ABSTTL` modifier."},
    {"5.0.0", "Added the `IDLETIME` and `FREQ` options."},
};
constexpr ArgSpec kRestoreArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "ttl", .type = kInteger},
    {.name = "serialized-value", .type = kString},
    {.name = "replace",
     .type = kPureToken,
     .token = "REPLACE",
     .since = "3.0.0",
     .flags = kArgOptional},
    {.name = "absttl",
     .type = kPureToken,
     .token = "ABSTTL",
     .since = "5.0.0",
     .flags = kArgOptional},
    {.name = "seconds",
     .type = kInteger,
     .token = "IDLETIME",
     .since = "5.0.0",
     .flags = kArgOptional},
    {.name = "frequency",
     .type = kInteger,
     .token = "FREQ",
     .since = "5.0.0",
     .flags = kArgOptional},
};
constexpr CommandSpec kRestoreRow = {
    .name = "restore",
    .arity = -4,
    .flags = kWrite | kDenyOom,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kOverwritesFirst,
    .since = "2.6.0",
    .complexity = kRestoreComplexity,
    .summary = "Create a key using the provided serialized value, previously obtained using DUMP.",
    .history = kRestoreHistory,
    .arguments = kRestoreArgs,
    .run = restore,
};
constexpr CommandSpec kRestoreAskingRow = {
    .name = "restore-asking",
    .arity = -4,
    .flags = kWrite | kDenyOom | kAsking,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kKeys,
    .keys = kOverwritesFirst,
    .since = "3.0.0",
    .complexity = kRestoreComplexity,
    .summary = "An internal command for migrating keys in a cluster",
    .is_syscmd = true,
    .history = kRestoreHistory,
    .arguments = kRestoreArgs,
    .run = restore,
};

// ---- The data as files.

constexpr CommandSpec kSaveRow = {
    .name = "save",
    .arity = 1,
    .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
    .group = CommandGroup::kServer,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of keys in all databases",
    .summary = "Synchronously save the dataset to disk",
    .run = save,
};

constexpr HistoryNote kBgsaveHistory[] = {{"3.2.2", "Added the `SCHEDULE` option."}};
constexpr ArgSpec kBgsaveArgs[] = {{.name = "schedule",
                                    .type = kPureToken,
                                    .token = "SCHEDULE",
                                    .since = "3.2.2",
                                    .flags = kArgOptional}};
constexpr CommandSpec kBgsaveRow = {
    .name = "bgsave",
    .arity = -1,
    .flags = kAdmin | kNoScript | kNoAsyncLoading,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Asynchronously save the dataset to disk",
    .history = kBgsaveHistory,
    .arguments = kBgsaveArgs,
    .run = bgsave,
};

constexpr CommandSpec kBgrewriteaofRow = {
    .name = "bgrewriteaof",
    .arity = 1,
    .flags = kAdmin | kNoScript | kNoAsyncLoading,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Asynchronously rewrite the append-only file",
    .run = bgrewriteaof,
};

constexpr CommandSpec kLastsaveRow = {
    .name = "lastsave",
    .arity = 1,
    .flags = kLoading | kStale | kFast,
    .acl = kAclAdmin | kAclDangerous,
    .group = CommandGroup::kServer,
    .scope = Scope::kSession,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get the UNIX time stamp of the last successful save to disk",
    .tips = kVaries,
    .run = lastsave,
};

constexpr CommandSpec kRows[] = {kDumpRow,   kRestoreRow,      kRestoreAskingRow, kSaveRow,
                                 kBgsaveRow, kBgrewriteaofRow, kLastsaveRow};

}  // namespace

std::span<const CommandSpec> persist_commands() {
  return kRows;
}

}  // namespace kvstash::persist
