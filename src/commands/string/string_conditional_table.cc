#include "commands/shared/row_parts.h"
#include "commands/string/string_conditional.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kDelexKeys[] = {
    key_at(1, kKeyRW | kKeyDelete | kKeyVariableFlags),
};
constexpr ArgSpec kDelexCondition[] = {
    {.name = "ifeq-value", .token = "IFEQ"},
    {.name = "ifne-value", .token = "IFNE"},
};
constexpr ArgSpec kDelexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kDelexCondition},
};
constexpr CommandSpec kDelexRow = {
    .name = "delex",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kDelexKeys,
    .find_keys = delex_keys,
    .since = "8.4.0",
    .complexity = "O(1)",
    .summary = "Delete a key, or only if its value is, or is not, as given",
    .arguments = kDelexArgs,
    .run = delex,
};

constexpr KeySpec kDelifeqKeys[] = {
    key_at(1, kKeyRM | kKeyDelete),
};
constexpr ArgSpec kDelifeqArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "value"},
};
constexpr CommandSpec kDelifeqRow = {
    .name = "delifeq",
    .arity = 3,
    .flags = kWrite | kFast,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kDelifeqKeys,
    .since = "9.0.0",
    .complexity = "O(1)",
    .summary = "Delete key if value matches string.",
    .arguments = kDelifeqArgs,
    .run = delifeq,
};

constexpr KeySpec kMsetexKeys[] = {
    {.flags = kKeyOW | kKeyUpdate,
     .index = 1,
     .find = KeySpec::Find::kKeynum,
     .step = 2,
     .first_key = 1},
};
constexpr std::string_view kMsetexTips[] = {"request_policy:multi_shard",
                                            "response_policy:all_succeeded"};
constexpr ArgSpec kMsetexCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
};
constexpr ArgSpec kMsetexExpiration[] = {
    {.name = "seconds", .type = kInteger, .token = "EX"},
    {.name = "milliseconds", .type = kInteger, .token = "PX"},
    {.name = "unix-time-seconds", .type = kUnixTime, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "PXAT"},
    {.name = "keepttl", .type = kPureToken, .token = "KEEPTTL"},
};
constexpr ArgSpec kMsetexArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "data", .type = kBlock, .flags = kArgMultiple, .arguments = kDelifeqArgs},
    {.name = "condition", .type = kOneOf, .flags = kArgOptional, .arguments = kMsetexCondition},
    {.name = "expiration", .type = kOneOf, .flags = kArgOptional, .arguments = kMsetexExpiration},
};
constexpr CommandSpec kMsetexRow = {
    .name = "msetex",
    .arity = -4,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kString,
    .scope = Scope::kKeys,
    .keys = kMsetexKeys,
    .find_keys = msetex_keys,
    .since = "8.4.0",
    .complexity = "O(N) where N is the number of keys to set.",
    .summary =
        "Atomically creates or modifies the string values of one or more keys, and optionally set "
        "their expiration.",
    .tips = kMsetexTips,
    .arguments = kMsetexArgs,
    .run = msetex,
};

constexpr CommandSpec kRows[] = {kDelexRow, kDelifeqRow, kMsetexRow};

}  // namespace

CommandRows string_conditional_commands() {
  return kRows;
}

}  // namespace kvstash::commands
