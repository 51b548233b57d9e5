#include "commands/set/set.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kSaddKeys[] = {
    key_at(1, kKeyRW | kKeyInsert),
};
constexpr HistoryNote kSaddHistory[] = {
    {"2.4.0", "Accepts multiple `member` arguments."},
};
constexpr ArgSpec kSaddArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member", .flags = kArgMultiple},
};
constexpr CommandSpec kSaddRow = {
    .name = "sadd",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSaddKeys,
    .since = "1.0.0",
    .complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with "
        "multiple arguments.",
    .summary = "Add one or more members to a set",
    .history = kSaddHistory,
    .arguments = kSaddArgs,
    .run = sadd,
};

constexpr CommandSpec kScardRow = {
    .name = "scard",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get the number of members in a set",
    .arguments = kOneKey,
    .run = scard,
};

constexpr CommandSpec kSdiffRow = {
    .name = "sdiff",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsAll,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of elements in all given sets.",
    .summary = "Subtract multiple sets",
    .tips = kVariesInOrder,
    .arguments = kManyKeys,
    .run = sdiff,
};

constexpr KeySpec kSdiffstoreKeys[] = {
    key_at(1, kKeyOW | kKeyUpdate),
    keys_from(2, -1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kSdiffstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kSdiffstoreRow = {
    .name = "sdiffstore",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSdiffstoreKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of elements in all given sets.",
    .summary = "Subtract multiple sets and store the resulting set in a key",
    .arguments = kSdiffstoreArgs,
    .run = sdiffstore,
};

constexpr CommandSpec kSinterRow = {
    .name = "sinter",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsAll,
    .since = "1.0.0",
    .complexity =
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of "
        "sets.",
    .summary = "Intersect multiple sets",
    .tips = kVariesInOrder,
    .arguments = kManyKeys,
    .run = sinter,
};

constexpr KeySpec kSintercardKeys[] = {
    {.flags = kKeyRO | kKeyAccess, .index = 1, .find = KeySpec::Find::kKeynum, .first_key = 1},
};
constexpr ArgSpec kSintercardArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "limit", .type = kInteger, .token = "LIMIT", .flags = kArgOptional},
};
constexpr CommandSpec kSintercardRow = {
    .name = "sintercard",
    .arity = -3,
    .flags = kReadOnly | kMovableKeys,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSintercardKeys,
    .find_keys = sintercard_keys,
    .since = "7.0.0",
    .complexity =
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of "
        "sets.",
    .summary = "Intersect multiple sets and return the cardinality of the result",
    .arguments = kSintercardArgs,
    .run = sintercard,
};

constexpr KeySpec kSinterstoreKeys[] = {
    key_at(1, kKeyRW | kKeyUpdate),
    keys_from(2, -1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kSinterstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kSinterstoreRow = {
    .name = "sinterstore",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSinterstoreKeys,
    .since = "1.0.0",
    .complexity =
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of "
        "sets.",
    .summary = "Intersect multiple sets and store the resulting set in a key",
    .arguments = kSinterstoreArgs,
    .run = sinterstore,
};

constexpr ArgSpec kSismemberArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member"},
};
constexpr CommandSpec kSismemberRow = {
    .name = "sismember",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Determine if a given value is a member of a set",
    .arguments = kSismemberArgs,
    .run = sismember,
};

constexpr CommandSpec kSmembersRow = {
    .name = "smembers",
    .arity = 2,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity = "O(N) where N is the set cardinality.",
    .summary = "Get all the members in a set",
    .tips = kVariesInOrder,
    .arguments = kOneKey,
    .run = smembers,
};

constexpr ArgSpec kSmismemberArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member", .flags = kArgMultiple},
};
constexpr CommandSpec kSmismemberRow = {
    .name = "smismember",
    .arity = -3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.2.0",
    .complexity = "O(N) where N is the number of elements being checked for membership",
    .summary = "Returns the membership associated with the given elements for a set",
    .arguments = kSmismemberArgs,
    .run = smismember,
};

constexpr KeySpec kSmoveKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
    key_at(2, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kSmoveArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
    {.name = "member"},
};
constexpr CommandSpec kSmoveRow = {
    .name = "smove",
    .arity = 4,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSmoveKeys,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Move a member from one set to another",
    .arguments = kSmoveArgs,
    .run = smove,
};

constexpr KeySpec kSpopKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr HistoryNote kSpopHistory[] = {
    {"3.2.0", "Added the `count` argument."},
};
constexpr ArgSpec kSpopArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger, .since = "3.2.0", .flags = kArgOptional},
};
constexpr CommandSpec kSpopRow = {
    .name = "spop",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSpopKeys,
    .since = "1.0.0",
    .complexity =
        "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
    .summary = "Remove and return one or multiple random members from a set",
    .history = kSpopHistory,
    .tips = kVaries,
    .arguments = kSpopArgs,
    .run = spop,
};

constexpr HistoryNote kSrandmemberHistory[] = {
    {"2.6.0", "Added the optional `count` argument."},
};
constexpr ArgSpec kSrandmemberArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger, .since = "2.6.0", .flags = kArgOptional},
};
constexpr CommandSpec kSrandmemberRow = {
    .name = "srandmember",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity =
        "Without the count argument O(1), otherwise O(N) where N is the absolute value of the "
        "passed count.",
    .summary = "Get one or multiple random members from a set",
    .history = kSrandmemberHistory,
    .tips = kVaries,
    .arguments = kSrandmemberArgs,
    .run = srandmember,
};

constexpr KeySpec kSremKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr HistoryNote kSremHistory[] = {
    {"2.4.0", "Accepts multiple `member` arguments."},
};
constexpr ArgSpec kSremArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member", .flags = kArgMultiple},
};
constexpr CommandSpec kSremRow = {
    .name = "srem",
    .arity = -3,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSremKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of members to be removed.",
    .summary = "Remove one or more members from a set",
    .history = kSremHistory,
    .arguments = kSremArgs,
    .run = srem,
};

constexpr ArgSpec kSscanArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "cursor", .type = kInteger},
    {.name = "pattern", .type = kPattern, .token = "MATCH", .flags = kArgOptional},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kSscanRow = {
    .name = "sscan",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.0",
    .complexity =
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for "
        "the cursor to return back to 0. N is the number of elements inside the collection..",
    .summary = "Incrementally iterate Set elements",
    .tips = kVaries,
    .arguments = kSscanArgs,
    .run = sscan,
};

constexpr CommandSpec kSunionRow = {
    .name = "sunion",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kReadsAll,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of elements in all given sets.",
    .summary = "Add multiple sets",
    .tips = kVariesInOrder,
    .arguments = kManyKeys,
    .run = sunion,
};

constexpr KeySpec kSunionstoreKeys[] = {
    key_at(1, kKeyOW | kKeyUpdate),
    keys_from(2, -1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kSunionstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kSunionstoreRow = {
    .name = "sunionstore",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kSet,
    .scope = Scope::kKeys,
    .keys = kSunionstoreKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the total number of elements in all given sets.",
    .summary = "Add multiple sets and store the resulting set in a key",
    .arguments = kSunionstoreArgs,
    .run = sunionstore,
};

constexpr CommandSpec kRows[] = {
    kSaddRow,        kScardRow,     kSdiffRow,    kSdiffstoreRow, kSinterRow,     kSintercardRow,
    kSinterstoreRow, kSismemberRow, kSmembersRow, kSmismemberRow, kSmoveRow,      kSpopRow,
    kSrandmemberRow, kSremRow,      kSscanRow,    kSunionRow,     kSunionstoreRow};

}  // namespace

CommandRows set_commands() {
  return kRows;
}

}  // namespace kvstash::commands
