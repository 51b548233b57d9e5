#include "base/text.h"
#include "commands/shared/row_parts.h"
#include "commands/string/string.h"
#include "commands/tables.h"

#include <algorithm>

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kAppendKeys[] = {
    key_at(1, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kAppendArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "value"},
};
constexpr CommandSpec kAppendRow = {
    .name = "append",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kAppendKeys,
    .since = "2.0.0",
    .complexity =
        "O(1). The amortized time complexity is O(1) assuming the appended value is small and the "
        "already present value is of any size, since the dynamic string library used by Redis will "
        "double the free space available on every reallocation.",
    .summary = "Append a value to a key",
    .arguments = kAppendArgs,
    .run = append,
};

constexpr CommandSpec kDecrRow = {
    .name = "decr",
    .arity = 2,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Decrement the integer value of a key by one",
    .arguments = kOneKey,
    .run = decr,
};

constexpr ArgSpec kDecrbyArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "decrement", .type = kInteger},
};
constexpr CommandSpec kDecrbyRow = {
    .name = "decrby",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Decrement the integer value of a key by the given number",
    .arguments = kDecrbyArgs,
    .run = decrby,
};

constexpr CommandSpec kGetRow = {
    .name = "get",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get the value of a key",
    .arguments = kOneKey,
    .run = get,
};

constexpr KeySpec kGetdelKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr CommandSpec kGetdelRow = {
    .name = "getdel",
    .arity = 2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kGetdelKeys,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Get the value of a key and delete the key",
    .arguments = kOneKey,
    .run = getdel,
};

constexpr KeySpec kGetexKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate,
     .index = 1,
     .notes = "RW and UPDATE because it changes the TTL"},
};
constexpr ArgSpec kGetexExpiration[] = {
    {.name = "seconds", .type = kInteger, .token = "EX"},
    {.name = "milliseconds", .type = kInteger, .token = "PX"},
    {.name = "unix-time-seconds", .type = kUnixTime, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "PXAT"},
    {.name = "persist", .type = kPureToken, .token = "PERSIST"},
};
constexpr ArgSpec kGetexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "expiration", .type = kOneOf, .flags = kArgOptional, .arguments = kGetexExpiration},
};
constexpr CommandSpec kGetexRow = {
    .name = "getex",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kGetexKeys,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Get the value of a key and optionally set its expiration",
    .arguments = kGetexArgs,
    .run = getex,
};

constexpr ArgSpec kGetrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start", .type = kInteger},
    {.name = "end", .type = kInteger},
};
constexpr CommandSpec kGetrangeRow = {
    .name = "getrange",
    .arity = 4,
    .flags = kReadOnly,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.4.0",
    .complexity =
        "O(N) where N is the length of the returned string. The complexity is ultimately "
        "determined by the returned length, but because creating a substring from an existing "
        "string is very cheap, it can be considered O(1) for small strings.",
    .summary = "Get a substring of the string stored at a key",
    .arguments = kGetrangeArgs,
    .run = getrange,
};

constexpr CommandSpec kGetsetRow = {
    .name = "getset",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Set the string value of a key and return its old value",
    .deprecated_since = "6.2.0",
    .replaced_by = "`SET` with the `!GET` argument",
    .arguments = kAppendArgs,
    .run = getset,
};

constexpr CommandSpec kIncrRow = {
    .name = "incr",
    .arity = 2,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Increment the integer value of a key by one",
    .arguments = kOneKey,
    .run = incr,
};

constexpr ArgSpec kIncrbyArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "increment", .type = kInteger},
};
constexpr CommandSpec kIncrbyRow = {
    .name = "incrby",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Increment the integer value of a key by the given amount",
    .arguments = kIncrbyArgs,
    .run = incrby,
};

constexpr ArgSpec kIncrbyfloatArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "increment", .type = kDouble},
};
constexpr CommandSpec kIncrbyfloatRow = {
    .name = "incrbyfloat",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Increment the float value of a key by the given amount",
    .arguments = kIncrbyfloatArgs,
    .run = incrbyfloat,
};

constexpr KeySpec kLcsKeys[] = {
    keys_from(1, 1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kLcsArgs[] = {
    {.name = "key1", .type = kKey, .key_spec = 0},
    {.name = "key2", .type = kKey, .key_spec = 0},
    {.name = "len", .type = kPureToken, .token = "LEN", .flags = kArgOptional},
    {.name = "idx", .type = kPureToken, .token = "IDX", .flags = kArgOptional},
    {.name = "len", .type = kInteger, .token = "MINMATCHLEN", .flags = kArgOptional},
    {.name = "withmatchlen", .type = kPureToken, .token = "WITHMATCHLEN", .flags = kArgOptional},
};
constexpr CommandSpec kLcsRow = {
    .name = "lcs",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kLcsKeys,
    .since = "7.0.0",
    .complexity = "O(N*M) where N and M are the lengths of s1 and s2, respectively",
    .summary = "Find longest common substring",
    .arguments = kLcsArgs,
    .run = lcs,
};

constexpr std::string_view kMgetTips[] = {"request_policy:multi_shard"};
constexpr CommandSpec kMgetRow = {
    .name = "mget",
    .arity = -2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsAll,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of keys to retrieve.",
    .summary = "Get the values of all the given keys",
    .tips = kMgetTips,
    .arguments = kManyKeys,
    .run = mget,
};

constexpr KeySpec kMsetKeys[] = {
    keys_from(1, -1, 2, kKeyOW | kKeyUpdate),
};
constexpr std::string_view kMsetTips[] = {"request_policy:multi_shard",
                                          "response_policy:all_succeeded"};
constexpr ArgSpec kMsetArgs[] = {
    {.name = "key_value", .type = kBlock, .flags = kArgMultiple, .arguments = kAppendArgs},
};
constexpr CommandSpec kMsetRow = {
    .name = "mset",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kMsetKeys,
    .since = "1.0.1",
    .complexity = "O(N) where N is the number of keys to set.",
    .summary = "Set multiple keys to multiple values",
    .tips = kMsetTips,
    .arguments = kMsetArgs,
    .run = mset,
};

constexpr KeySpec kMsetnxKeys[] = {
    keys_from(1, -1, 2, kKeyOW | kKeyInsert),
};
constexpr std::string_view kMsetnxTips[] = {"request_policy:multi_shard",
                                            "response_policy:agg_min"};
constexpr CommandSpec kMsetnxRow = {
    .name = "msetnx",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kMsetnxKeys,
    .since = "1.0.1",
    .complexity = "O(N) where N is the number of keys to set.",
    .summary = "Set multiple keys to multiple values, only if none of the keys exist",
    .tips = kMsetnxTips,
    .arguments = kMsetArgs,
    .run = msetnx,
};

constexpr ArgSpec kPsetexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "milliseconds", .type = kInteger},
    {.name = "value"},
};
constexpr CommandSpec kPsetexRow = {
    .name = "psetex",
    .arity = 4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kOverwritesFirst,
    .since = "2.6.0",
    .complexity = "O(1)",
    .summary = "Set the value and expiration in milliseconds of a key",
    .arguments = kPsetexArgs,
    .run = psetex,
};

constexpr KeySpec kSetKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate | kKeyVariableFlags,
     .index = 1,
     .notes = "RW and ACCESS due to the optional `GET` argument"},
};
constexpr HistoryNote kSetHistory[] = {
    {"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."},
    {"6.0.0", "Added the `KEEPTTL` option."},
    {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."},
    {"7.0.0", "Allowed the `NX` and `GET` options to be used together."},
    {"8.4.0", "Added the `IFEQ` and `IFNE` options."},
};
constexpr ArgSpec kSetCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
    {.name = "ifeq-value", .token = "IFEQ", .since = "8.4.0"},
    {.name = "ifne-value", .token = "IFNE", .since = "8.4.0"},
};
constexpr ArgSpec kSetExpiration[] = {
    {.name = "seconds", .type = kInteger, .token = "EX", .since = "2.6.12"},
    {.name = "milliseconds", .type = kInteger, .token = "PX", .since = "2.6.12"},
    {.name = "unix-time-seconds", .type = kUnixTime, .token = "EXAT", .since = "6.2.0"},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "PXAT", .since = "6.2.0"},
    {.name = "keepttl", .type = kPureToken, .token = "KEEPTTL", .since = "6.0.0"},
};
constexpr ArgSpec kSetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "value"},
    {.name = "condition",
     .type = kOneOf,
     .since = "2.6.12",
     .flags = kArgOptional,
     .arguments = kSetCondition},
    {.name = "get", .type = kPureToken, .token = "GET", .since = "6.2.0", .flags = kArgOptional},
    {.name = "expiration", .type = kOneOf, .flags = kArgOptional, .arguments = kSetExpiration},
};
constexpr CommandSpec kSetRow = {
    .name = "set",
    .arity = -3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kSetKeys,
    .find_keys = set_keys,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Set the string value of a key",
    .history = kSetHistory,
    .arguments = kSetArgs,
    .run = set,
};

constexpr ArgSpec kSetexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "seconds", .type = kInteger},
    {.name = "value"},
};
constexpr CommandSpec kSetexRow = {
    .name = "setex",
    .arity = 4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kOverwritesFirst,
    .since = "2.0.0",
    .complexity = "O(1)",
    .summary = "Set the value and expiration of a key",
    .arguments = kSetexArgs,
    .run = setex,
};

constexpr KeySpec kSetnxKeys[] = {
    key_at(1, kKeyOW | kKeyInsert),
};
constexpr CommandSpec kSetnxRow = {
    .name = "setnx",
    .arity = 3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kSetnxKeys,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Set the value of a key, only if the key does not exist",
    .arguments = kAppendArgs,
    .run = setnx,
};

constexpr ArgSpec kSetrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "offset", .type = kInteger},
    {.name = "value"},
};
constexpr CommandSpec kSetrangeRow = {
    .name = "setrange",
    .arity = 4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "2.2.0",
    .complexity =
        "O(1), not counting the time taken to copy the new string in place. Usually, this string "
        "is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M "
        "being the length of the value argument.",
    .summary = "Overwrite part of a string at key starting at the specified offset",
    .arguments = kSetrangeArgs,
    .run = setrange,
};

constexpr CommandSpec kStrlenRow = {
    .name = "strlen",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary = "Get the length of the value stored in a key",
    .arguments = kOneKey,
    .run = strlen,
};

constexpr CommandSpec kSubstrRow = {
    .name = "substr",
    .arity = 4,
    .flags = kReadOnly,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity =
        "O(N) where N is the length of the returned string. The complexity is ultimately "
        "determined by the returned length, but because creating a substring from an existing "
        "string is very cheap, it can be considered O(1) for small strings.",
    .summary = "Get a substring of the string stored at a key",
    .deprecated_since = "2.0.0",
    .replaced_by = "`GETRANGE`",
    .arguments = kGetrangeArgs,
    .run = substr,
};

constexpr CommandSpec kRows[] = {
    kAppendRow,   kDecrRow,     kDecrbyRow, kGetRow,    kGetdelRow,      kGetexRow,
    kGetrangeRow, kGetsetRow,   kIncrRow,   kIncrbyRow, kIncrbyfloatRow, kLcsRow,
    kMgetRow,     kMsetRow,     kMsetnxRow, kPsetexRow, kSetRow,         kSetexRow,
    kSetnxRow,    kSetrangeRow, kStrlenRow, kSubstrRow,
};

}  // namespace

CommandRows string_commands() {
  return kRows;
}

}  // namespace kvstash::commands
