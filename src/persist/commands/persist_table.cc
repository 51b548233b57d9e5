#include "persist/commands/persist_table.h"

#include "commands/shared/row_parts.h"
#include "persist/commands/dump.h"
#include "persist/commands/migrate.h"
#include "persist/commands/save.h"
#include "persist/migrate/move_request.h"

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

constexpr KeySpec kMigrateKeys[] = {
    key_at(3, kKeyRW | kKeyAccess | kKeyDelete),
    {.flags = kKeyRW | kKeyAccess | kKeyDelete | kKeyIncomplete,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "KEYS",
     .start_from = -2,
     .last = -1},
};
constexpr HistoryNote kMigrateHistory[] = {
    {"3.0.0", "Added the `COPY` and `REPLACE` options."},
    {"3.0.6", "Added the `KEYS` option."},
    {"4.0.7", "Added the `AUTH` option."},
    {"6.0.0", "Added the `AUTH2` option."},
};
constexpr ArgSpec kMigrateKeyOrNone[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "empty-string", .type = kPureToken, .token = "\"\""},
};
constexpr ArgSpec kMigrateUserPassword[] = {
    {.name = "username", .type = kString},
    {.name = "password", .type = kString},
};
constexpr ArgSpec kMigrateAuth[] = {
    {.name = "auth", .type = kString, .token = "AUTH", .since = "4.0.7"},
    {.name = "auth2",
     .type = kBlock,
     .token = "AUTH2",
     .since = "6.0.0",
     .arguments = kMigrateUserPassword},
};
constexpr ArgSpec kMigrateArgs[] = {
    {.name = "host", .type = kString},
    {.name = "port", .type = kInteger},
    {.name = "key-selector", .type = kOneOf, .arguments = kMigrateKeyOrNone},
    {.name = "destination-db", .type = kInteger},
    {.name = "timeout", .type = kInteger},
    {.name = "copy", .type = kPureToken, .token = "COPY", .since = "3.0.0", .flags = kArgOptional},
    {.name = "replace",
     .type = kPureToken,
     .token = "REPLACE",
     .since = "3.0.0",
     .flags = kArgOptional},
    {.name = "authentication", .type = kOneOf, .flags = kArgOptional, .arguments = kMigrateAuth},
    {.name = "keys",
     .type = kKey,
     .key_spec = 1,
     .token = "KEYS",
     .since = "3.0.6",
     .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kMigrateRow = {
    .name = "migrate",
    .arity = -6,
    .flags = kWrite,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kGather,
    .keys = kMigrateKeys,
    .find_keys = migrate_keys,
    .since = "2.6.0",
    .complexity =
        "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the "
        "target instance. See the pages of these commands for time complexity. Also an O(N) data "
        "transfer between the two instances is performed.",
    .summary = "Atomically transfer a key from a Redis instance to another one.",
    .history = kMigrateHistory,
    .tips = kVaries,
    .arguments = kMigrateArgs,
    .run = migrate,
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

constexpr CommandSpec kRows[] = {kDumpRow, kRestoreRow, kRestoreAskingRow, kMigrateRow,
                                 kSaveRow, kBgsaveRow,  kBgrewriteaofRow,  kLastsaveRow};

}  // namespace

std::span<const CommandSpec> persist_commands() {
  return kRows;
}

}  // namespace kvstash::persist
