#include "commands/hash/hash.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kHdelKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr ArgSpec kHdelArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field", .flags = kArgMultiple},
};
constexpr HistoryNote kHdelHistory[] = {
    {.since = "2.4.0", .change = "Accepts multiple `field` arguments."},
};
constexpr CommandSpec kHdelRow = {
    .name = "hdel",
    .arity = -3,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kHdelKeys,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of fields to be removed.",
    .summary = "Delete one or more hash fields",
    .history = kHdelHistory,
    .arguments = kHdelArgs,
    .run = hdel,
};

constexpr ArgSpec kHexistsArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
};
constexpr CommandSpec kHexistsRow = {
    .name = "hexists",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Determine if a hash field exists",
    .arguments = kHexistsArgs,
    .run = hexists,
};

constexpr ArgSpec kHgetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
};
constexpr CommandSpec kHgetRow = {
    .name = "hget",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Get the value of a hash field",
    .arguments = kHgetArgs,
    .run = hget,
};

constexpr CommandSpec kHgetallRow = {
    .name = "hgetall",
    .arity = 2,
    .flags = kReadOnly,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(N) where N is the size of the hash.",
    .summary = "Get all the fields and values in a hash",
    .tips = kVariesInOrder,
    .arguments = kOneKey,
    .run = hgetall,
};

constexpr ArgSpec kHincrbyArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
    {.name = "increment", .type = kInteger},
};
constexpr CommandSpec kHincrbyRow = {
    .name = "hincrby",
    .arity = 4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Increment the integer value of a hash field by the given number",
    .arguments = kHincrbyArgs,
    .run = hincrby,
};

constexpr ArgSpec kHincrbyfloatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
    {.name = "increment", .type = kDouble},
};
constexpr CommandSpec kHincrbyfloatRow = {
    .name = "hincrbyfloat",
    .arity = 4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Increment the float value of a hash field by the given amount",
    .arguments = kHincrbyfloatArgs,
    .run = hincrbyfloat,
};

constexpr CommandSpec kHkeysRow = {
    .name = "hkeys",
    .arity = 2,
    .flags = kReadOnly,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(N) where N is the size of the hash.",
    .summary = "Get all the fields in a hash",
    .tips = kVariesInOrder,
    .arguments = kOneKey,
    .run = hkeys,
};

constexpr CommandSpec kHlenRow = {
    .name = "hlen",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Get the number of fields in a hash",
    .arguments = kOneKey,
    .run = hlen,
};

constexpr ArgSpec kHmgetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field", .flags = kArgMultiple},
};
constexpr CommandSpec kHmgetRow = {
    .name = "hmget",
    .arity = -3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of fields being requested.",
    .summary = "Get the values of all the given hash fields",
    .arguments = kHmgetArgs,
    .run = hmget,
};

constexpr ArgSpec kHmsetFieldValue[] = {
    {.name = "field"},
    {.name = "value"},
};
constexpr ArgSpec kHmsetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field_value", .type = kBlock, .flags = kArgMultiple, .arguments = kHmsetFieldValue},
};
constexpr CommandSpec kHmsetRow = {
    .name = "hmset",
    .arity = -4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of fields being set.",
    .summary = "Set multiple hash fields to multiple values",
    .deprecated_since = "4.0.0",
    .replaced_by = "`HSET` with multiple field-value pairs",
    .arguments = kHmsetArgs,
    .run = hmset,
};

constexpr ArgSpec kHrandfieldOptions[] = {
    {.name = "count", .type = kInteger},
    {.name = "withvalues", .type = kPureToken, .token = "WITHVALUES", .flags = kArgOptional},
};
constexpr ArgSpec kHrandfieldArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "options", .type = kBlock, .flags = kArgOptional, .arguments = kHrandfieldOptions},
};
constexpr CommandSpec kHrandfieldRow = {
    .name = "hrandfield",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.2.0",
    .complexity = "O(N) where N is the number of fields returned",
    .summary = "Get one or multiple random fields from a hash",
    .tips = kVaries,
    .arguments = kHrandfieldArgs,
    .run = hrandfield,
};

constexpr ArgSpec kHscanArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "cursor", .type = kInteger},
    {.name = "pattern", .type = kPattern, .token = "MATCH", .flags = kArgOptional},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "novalues", .type = kPureToken, .token = "NOVALUES", .flags = kArgOptional},
};
constexpr CommandSpec kHscanRow = {
    .name = "hscan",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.0",
    .complexity =
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for "
        "the cursor to return back to 0. N is the number of elements inside the collection..",
    .summary = "Incrementally iterate hash fields and associated values",
    .tips = kVaries,
    .arguments = kHscanArgs,
    .run = hscan,
};

constexpr ArgSpec kHsetFieldValue[] = {
    {.name = "field"},
    {.name = "value"},
};
constexpr ArgSpec kHsetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field_value", .type = kBlock, .flags = kArgMultiple, .arguments = kHsetFieldValue},
};
constexpr HistoryNote kHsetHistory[] = {
    {.since = "4.0.0", .change = "Accepts multiple `field` and `value` arguments."},
};
constexpr CommandSpec kHsetRow = {
    .name = "hset",
    .arity = -4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.0.0",
    .complexity =
        "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command "
        "is called with multiple field/value pairs.",
    .summary = "Set the string value of a hash field",
    .history = kHsetHistory,
    .arguments = kHsetArgs,
    .run = hset,
};

constexpr KeySpec kHsetnxKeys[] = {
    key_at(1, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kHsetnxArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
    {.name = "value"},
};
constexpr CommandSpec kHsetnxRow = {
    .name = "hsetnx",
    .arity = 4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kHsetnxKeys,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Set the value of a hash field, only if the field does not exist",
    .arguments = kHsetnxArgs,
    .run = hsetnx,
};

constexpr ArgSpec kHstrlenArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "field"},
};
constexpr CommandSpec kHstrlenRow = {
    .name = "hstrlen",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "3.2.0",
    .complexity = "O(1)",
    .summary = "Get the length of the value of a hash field",
    .arguments = kHstrlenArgs,
    .run = hstrlen,
};

constexpr CommandSpec kHvalsRow = {
    .name = "hvals",
    .arity = 2,
    .flags = kReadOnly,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(N) where N is the size of the hash.",
    .summary = "Get all the values in a hash",
    .tips = kVariesInOrder,
    .arguments = kOneKey,
    .run = hvals,
};

constexpr CommandSpec kRows[] = {
    kHdelRow,  kHexistsRow, kHgetRow,    kHgetallRow, kHincrbyRow,    kHincrbyfloatRow,
    kHkeysRow, kHlenRow,    kHmgetRow,   kHmsetRow,   kHrandfieldRow, kHscanRow,
    kHsetRow,  kHsetnxRow,  kHstrlenRow, kHvalsRow,
};

}  // namespace

CommandRows hash_commands() {
  return kRows;
}

}  // namespace kvstash::commands
