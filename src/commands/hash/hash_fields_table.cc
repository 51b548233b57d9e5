#include "commands/hash/hash.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kHexpireCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kHexpireFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHexpireArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "seconds", .type = kInteger},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kHexpireCondition},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHexpireFields},
};
constexpr CommandSpec kHexpireRow = {
    .name = "hexpire",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Set expiry for hash field using relative time to expire (seconds)",
    .arguments = kHexpireArgs,
    .run = hexpire,
};

constexpr ArgSpec kHexpireatCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kHexpireatFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHexpireatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "unix-time-seconds", .type = kUnixTime},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kHexpireatCondition},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHexpireatFields},
};
constexpr CommandSpec kHexpireatRow = {
    .name = "hexpireat",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Set expiry for hash field using an absolute Unix timestamp (seconds)",
    .arguments = kHexpireatArgs,
    .run = hexpireat,
};

constexpr ArgSpec kHexpiretimeFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHexpiretimeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHexpiretimeFields},
};
constexpr CommandSpec kHexpiretimeRow = {
    .name = "hexpiretime",
    .arity = -5,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Returns the expiration time of a hash field as a Unix timestamp, in seconds.",
    .arguments = kHexpiretimeArgs,
    .run = hexpiretime,
};

constexpr KeySpec kHgetdelKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr ArgSpec kHgetdelFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHgetdelArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHgetdelFields},
};
constexpr CommandSpec kHgetdelRow = {
    .name = "hgetdel",
    .arity = -5,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kHgetdelKeys,
    .since = "8.0.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Returns the value of a field and deletes it from the hash.",
    .arguments = kHgetdelArgs,
    .run = hgetdel,
};

constexpr KeySpec kHgetexKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate,
     .index = 1,
     .notes = "RW and UPDATE because it changes the TTL"},
};
constexpr ArgSpec kHgetexExpiration[] = {
    {.name = "seconds", .type = kInteger, .token = "EX"},
    {.name = "milliseconds", .type = kInteger, .token = "PX"},
    {.name = "unix-time-seconds", .type = kUnixTime, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "PXAT"},
    {.name = "persist", .type = kPureToken, .token = "PERSIST"},
};
constexpr ArgSpec kHgetexFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHgetexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "expiration", .type = kOneOf, .flags = kArgOptional, .arguments = kHgetexExpiration},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHgetexFields},
};
constexpr CommandSpec kHgetexRow = {
    .name = "hgetex",
    .arity = -5,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kHgetexKeys,
    .since = "8.0.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary =
        "Get the value of one or more fields of a given hash key, and optionally set their "
        "expiration.",
    .arguments = kHgetexArgs,
    .run = hgetex,
};

constexpr ArgSpec kHpersistFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHpersistArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHpersistFields},
};
constexpr CommandSpec kHpersistRow = {
    .name = "hpersist",
    .arity = -5,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Removes the expiration time for each specified field",
    .arguments = kHpersistArgs,
    .run = hpersist,
};

constexpr ArgSpec kHpexpireCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kHpexpireFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHpexpireArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "milliseconds", .type = kInteger},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kHpexpireCondition},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHpexpireFields},
};
constexpr CommandSpec kHpexpireRow = {
    .name = "hpexpire",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Set expiry for hash field using relative time to expire (milliseconds)",
    .arguments = kHpexpireArgs,
    .run = hpexpire,
};

constexpr ArgSpec kHpexpireatCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kHpexpireatFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHpexpireatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "unix-time-milliseconds", .type = kUnixTime},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kHpexpireatCondition},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHpexpireatFields},
};
constexpr CommandSpec kHpexpireatRow = {
    .name = "hpexpireat",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Set expiry for hash field using an absolute Unix timestamp (milliseconds)",
    .arguments = kHpexpireatArgs,
    .run = hpexpireat,
};

constexpr ArgSpec kHpexpiretimeFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHpexpiretimeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHpexpiretimeFields},
};
constexpr CommandSpec kHpexpiretimeRow = {
    .name = "hpexpiretime",
    .arity = -5,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Returns the expiration time of a hash field as a Unix timestamp, in msec.",
    .arguments = kHpexpiretimeArgs,
    .run = hpexpiretime,
};

constexpr ArgSpec kHpttlFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHpttlArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHpttlFields},
};
constexpr CommandSpec kHpttlRow = {
    .name = "hpttl",
    .arity = -5,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Returns the TTL in milliseconds of a hash field.",
    .tips = kVaries,
    .arguments = kHpttlArgs,
    .run = hpttl,
};

constexpr ArgSpec kHsetexCondition[] = {
    {.name = "fnx", .type = kPureToken, .token = "FNX"},
    {.name = "fxx", .type = kPureToken, .token = "FXX"},
};
constexpr ArgSpec kHsetexExpiration[] = {
    {.name = "seconds", .type = kInteger, .token = "EX"},
    {.name = "milliseconds", .type = kInteger, .token = "PX"},
    {.name = "unix-time-seconds", .type = kUnixTime, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "PXAT"},
    {.name = "keepttl", .type = kPureToken, .token = "KEEPTTL"},
};
constexpr ArgSpec kHsetexFieldsData[] = {
    {.name = "field"},
    {.name = "value"},
};
constexpr ArgSpec kHsetexFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "data", .type = kBlock, .flags = kArgMultiple, .arguments = kHsetexFieldsData},
};
constexpr ArgSpec kHsetexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kHsetexCondition},
    {.name = "expiration", .type = kOneOf, .flags = kArgOptional, .arguments = kHsetexExpiration},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHsetexFields},
};
constexpr CommandSpec kHsetexRow = {
    .name = "hsetex",
    .arity = -6,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "8.0.0",
    .complexity = "O(N) where N is the number of fields being set.",
    .summary =
        "Set the value of one or more fields of a given hash key, and optionally set their "
        "expiration.",
    .arguments = kHsetexArgs,
    .run = hsetex,
};

constexpr ArgSpec kHttlFields[] = {
    {.name = "numfields", .type = kInteger},
    {.name = "field", .flags = kArgMultiple},
};
constexpr ArgSpec kHttlArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "fields", .type = kBlock, .token = "FIELDS", .arguments = kHttlFields},
};
constexpr CommandSpec kHttlRow = {
    .name = "httl",
    .arity = -5,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kHash,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "7.4.0",
    .complexity = "O(N) where N is the number of specified fields",
    .summary = "Returns the TTL in seconds of a hash field.",
    .tips = kVaries,
    .arguments = kHttlArgs,
    .run = httl,
};

constexpr CommandSpec kRows[] = {
    kHexpireRow,  kHexpireatRow,  kHexpiretimeRow,  kHgetdelRow, kHgetexRow, kHpersistRow,
    kHpexpireRow, kHpexpireatRow, kHpexpiretimeRow, kHpttlRow,   kHsetexRow, kHttlRow,
};

}  // namespace

CommandRows hash_fields_commands() {
  return kRows;
}

}  // namespace kvstash::commands
