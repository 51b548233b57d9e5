#include "commands/keys/keys.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kCopyKeys[] = {
    key_at(1, kKeyRO | kKeyAccess),
    key_at(2, kKeyOW | kKeyUpdate),
};
constexpr ArgSpec kCopyArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
    {.name = "destination-db", .type = kInteger, .token = "DB", .flags = kArgOptional},
    {.name = "replace", .type = kPureToken, .token = "REPLACE", .flags = kArgOptional},
};
constexpr CommandSpec kCopyRow = {
    .name = "copy",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kCopyKeys,
    .since = "6.2.0",
    .complexity =
        "O(N) worst case for collections, where N is the number of nested items. O(1) for string "
        "values.",
    .summary = "Copy a key",
    .arguments = kCopyArgs,
    .run = copy,
};

constexpr CommandSpec kDelRow = {
    .name = "del",
    .arity = -2,
    .flags = kWrite,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kDeletesAll,
    .since = "1.0.0",
    .complexity =
        "O(N) where N is the number of keys that will be removed. When a key to remove holds a "
        "value other than a string, the individual complexity for this key is O(M) where M is the "
        "number of elements in the list, set, sorted set or hash. Removing a single key that holds "
        "a string value is O(1).",
    .summary = "Delete a key",
    .tips = kSumOverShardsOfKeys,
    .arguments = kManyKeys,
    .run = del,
};

constexpr HistoryNote kExistsHistory[] = {
    {"3.0.3", "Accepts multiple `key` arguments."},
};
constexpr CommandSpec kExistsRow = {
    .name = "exists",
    .arity = -2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtAll,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of keys to check.",
    .summary = "Determine if a key exists",
    .history = kExistsHistory,
    .tips = kSumOverShardsOfKeys,
    .arguments = kManyKeys,
    .run = exists,
};

constexpr HistoryNote kExpireHistory[] = {
    {"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
};
constexpr ArgSpec kExpireCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kExpireArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "seconds", .type = kInteger},
    {.name = "condition",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kExpireCondition},
};
constexpr CommandSpec kExpireRow = {
    .name = "expire",
    .arity = -3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Set a key's time to live in seconds",
    .history = kExpireHistory,
    .arguments = kExpireArgs,
    .run = expire,
};

constexpr ArgSpec kExpireatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "unix-time-seconds", .type = kUnixTime},
    {.name = "condition",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kExpireCondition},
};
constexpr CommandSpec kExpireatRow = {
    .name = "expireat",
    .arity = -3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "1.2.0",
    .complexity = "O(1)",
    .summary = "Set the expiration for a key as a UNIX timestamp",
    .history = kExpireHistory,
    .arguments = kExpireatArgs,
    .run = expireat,
};

constexpr CommandSpec kExpiretimeRow = {
    .name = "expiretime",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Get the expiration Unix timestamp for a key",
    .arguments = kOneKey,
    .run = expiretime,
};

constexpr std::string_view kKeysTips[] = {"request_policy:all_shards",
                                          "nondeterministic_output_order"};
constexpr ArgSpec kKeysArgs[] = {
    {.name = "pattern", .type = kPattern},
};
constexpr CommandSpec kKeysRow = {
    .name = "keys",
    .arity = 2,
    .flags = kReadOnly,
    .acl = kAclKeyspace | kAclDangerous,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity =
        "O(N) with N being the number of keys in the database, under the assumption that the key "
        "names in the database and the given pattern have limited length.",
    .summary = "Find all keys matching the given pattern",
    .tips = kKeysTips,
    .arguments = kKeysArgs,
    .run = keys,
};

constexpr ArgSpec kMoveArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "db", .type = kInteger},
};
constexpr CommandSpec kMoveRow = {
    .name = "move",
    .arity = 3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Move a key to another database",
    .arguments = kMoveArgs,
    .run = move,
};

constexpr CommandSpec kObjectEncodingRow = {
    .name = "encoding",
    .arity = 3,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtSecond,
    .since = "2.2.3",
    .complexity = "O(1)",
    .summary = "Inspect the internal encoding of a Redis object",
    .tips = kVaries,
    .arguments = kOneKey,
    .run = object_encoding,
};

constexpr CommandSpec kObjectFreqRow = {
    .name = "freq",
    .arity = 3,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtSecond,
    .since = "4.0.0",
    .complexity = "O(1)",
    .summary = "Get the logarithmic access frequency counter of a Redis object",
    .tips = kVaries,
    .arguments = kOneKey,
    .run = object_freq,
};

constexpr CommandSpec kObjectHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = object_help,
};

constexpr CommandSpec kObjectIdletimeRow = {
    .name = "idletime",
    .arity = 3,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtSecond,
    .since = "2.2.3",
    .complexity = "O(1)",
    .summary = "Get the time since a Redis object was last accessed",
    .tips = kVaries,
    .arguments = kOneKey,
    .run = object_idletime,
};

constexpr CommandSpec kObjectRefcountRow = {
    .name = "refcount",
    .arity = 3,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtSecond,
    .since = "2.2.3",
    .complexity = "O(1)",
    .summary = "Get the number of references to the value of the key",
    .tips = kVaries,
    .arguments = kOneKey,
    .run = object_refcount,
};

constexpr CommandSpec kObjectSubcommands[] = {kObjectEncodingRow, kObjectFreqRow, kObjectHelpRow,
                                              kObjectIdletimeRow, kObjectRefcountRow};
constexpr CommandSpec kObjectRow = {
    .name = "object",
    .arity = -2,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kSession,
    .since = "2.2.3",
    .complexity = "Depends on subcommand.",
    .summary = "A container for object introspection commands",
    .subcommands = kObjectSubcommands,
};

constexpr CommandSpec kPersistRow = {
    .name = "persist",
    .arity = 2,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary = "Remove the expiration from a key",
    .arguments = kOneKey,
    .run = persist,
};

constexpr ArgSpec kPexpireArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "milliseconds", .type = kInteger},
    {.name = "condition",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kExpireCondition},
};
constexpr CommandSpec kPexpireRow = {
    .name = "pexpire",
    .arity = -3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Set a key's time to live in milliseconds",
    .history = kExpireHistory,
    .arguments = kPexpireArgs,
    .run = pexpire,
};

constexpr ArgSpec kPexpireatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "unix-time-milliseconds", .type = kUnixTime},
    {.name = "condition",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kExpireCondition},
};
constexpr CommandSpec kPexpireatRow = {
    .name = "pexpireat",
    .arity = -3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
    .history = kExpireHistory,
    .arguments = kPexpireatArgs,
    .run = pexpireat,
};

constexpr CommandSpec kPexpiretimeRow = {
    .name = "pexpiretime",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Get the expiration Unix timestamp for a key in milliseconds",
    .arguments = kOneKey,
    .run = pexpiretime,
};

constexpr HistoryNote kPttlHistory[] = {
    {"2.8.0", "Added the -2 reply."},
};
constexpr CommandSpec kPttlRow = {
    .name = "pttl",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Get the time to live for a key in milliseconds",
    .history = kPttlHistory,
    .tips = kVaries,
    .arguments = kOneKey,
    .run = pttl,
};

constexpr std::string_view kRandomkeyTips[] = {"request_policy:all_shards",
                                               "nondeterministic_output"};
constexpr CommandSpec kRandomkeyRow = {
    .name = "randomkey",
    .arity = 1,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kGather,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Return a random key from the keyspace",
    .tips = kRandomkeyTips,
    .run = randomkey,
};

constexpr KeySpec kRenameKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
    key_at(2, kKeyOW | kKeyUpdate),
};
constexpr ArgSpec kRenameArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "newkey", .type = kKey, .key_spec = 1},
};
constexpr CommandSpec kRenameRow = {
    .name = "rename",
    .arity = 3,
    .flags = kWrite,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kRenameKeys,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Rename a key",
    .arguments = kRenameArgs,
    .run = rename,
};

constexpr KeySpec kRenamenxKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
    key_at(2, kKeyOW | kKeyInsert),
};
constexpr HistoryNote kRenamenxHistory[] = {
    {"3.2.0",
     "The command no longer returns an error when source and destination names are the same."},
};
constexpr CommandSpec kRenamenxRow = {
    .name = "renamenx",
    .arity = 3,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kRenamenxKeys,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Rename a key, only if the new key does not exist",
    .history = kRenamenxHistory,
    .arguments = kRenameArgs,
    .run = renamenx,
};

constexpr HistoryNote kScanHistory[] = {
    {"6.0.0", "Added the `TYPE` subcommand."},
};
constexpr std::string_view kScanTips[] = {"nondeterministic_output", "request_policy:special"};
constexpr ArgSpec kScanArgs[] = {
    {.name = "cursor", .type = kInteger},
    {.name = "pattern", .type = kPattern, .token = "MATCH", .flags = kArgOptional},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "type", .token = "TYPE", .since = "6.0.0", .flags = kArgOptional},
};
constexpr CommandSpec kScanRow = {
    .name = "scan",
    .arity = -2,
    .flags = kReadOnly,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kGather,
    .since = "2.8.0",
    .complexity =
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for "
        "the cursor to return back to 0. N is the number of elements inside the collection.",
    .summary = "Incrementally iterate the keys space",
    .history = kScanHistory,
    .tips = kScanTips,
    .arguments = kScanArgs,
    .run = scan,
};

constexpr CommandSpec kTouchRow = {
    .name = "touch",
    .arity = -2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtAll,
    .since = "3.2.1",
    .complexity = "O(N) where N is the number of keys that will be touched.",
    .summary =
        "Alters the last access time of a key(s). Returns the number of existing keys specified.",
    .tips = kSumOverShardsOfKeys,
    .arguments = kManyKeys,
    .run = touch,
};

constexpr CommandSpec kTtlRow = {
    .name = "ttl",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get the time to live for a key in seconds",
    .history = kPttlHistory,
    .tips = kVaries,
    .arguments = kOneKey,
    .run = ttl,
};

constexpr CommandSpec kTypeRow = {
    .name = "type",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Determine the type stored at key",
    .arguments = kOneKey,
    .run = type,
};

constexpr CommandSpec kUnlinkRow = {
    .name = "unlink",
    .arity = -2,
    .flags = kWrite | kFast,
    .acl = kAclKeyspace,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kDeletesAll,
    .since = "4.0.0",
    .complexity =
        "O(1) for each key removed regardless of its size. Then the command does O(N) work in a "
        "different thread in order to reclaim memory, where N is the number of allocations the "
        "deleted objects where composed of.",
    .summary =
        "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non "
        "blocking.",
    .tips = kSumOverShardsOfKeys,
    .arguments = kManyKeys,
    .run = unlink,
};

constexpr CommandSpec kRows[] = {
    kCopyRow,        kDelRow,  kExistsRow,    kExpireRow,  kExpireatRow, kExpiretimeRow,
    kKeysRow,        kMoveRow, kObjectRow,    kPersistRow, kPexpireRow,  kPexpireatRow,
    kPexpiretimeRow, kPttlRow, kRandomkeyRow, kRenameRow,  kRenamenxRow, kScanRow,
    kTouchRow,       kTtlRow,  kTypeRow,      kUnlinkRow,
};

}  // namespace

CommandRows keys_commands() {
  return kRows;
}

}  // namespace kvstash::commands
