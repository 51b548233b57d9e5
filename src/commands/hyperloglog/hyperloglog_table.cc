#include "commands/hyperloglog/hyperloglog.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kPfaddKeys[] = {
    key_at(1, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kPfaddArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "element", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kPfaddRow = {
    .name = "pfadd",
    .arity = -2,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kHyperLogLog,
    .scope = Scope::kKeys,
    .keys = kPfaddKeys,
    .since = "2.8.9",
    .complexity = "O(1) to add every element.",
    .summary = "Adds the specified elements to the specified HyperLogLog.",
    .arguments = kPfaddArgs,
    .run = pfadd,
};

constexpr KeySpec kPfcountKeys[] = {
    {.flags = kKeyRW | kKeyAccess,
     .index = 1,
     .last = -1,
     .notes = "RW because it may change the internal representation of the key, and propagate to "
              "replicas"},
};
constexpr CommandSpec kPfcountRow = {
    .name = "pfcount",
    .arity = -2,
    .flags = kReadOnly | kMayReplicate,
    .group = CommandGroup::kHyperLogLog,
    .scope = Scope::kKeys,
    .keys = kPfcountKeys,
    .since = "2.8.9",
    .complexity =
        "O(1) with a very small average constant time when called with a single key. O(N) with N "
        "being the number of keys, and much bigger constant times, when called with multiple keys.",
    .summary =
        "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
    .arguments = kManyKeys,
    .run = pfcount,
};

constexpr KeySpec kPfdebugKeys[] = {
    key_at(2, kKeyRW | kKeyAccess),
};
constexpr ArgSpec kPfdebugArgs[] = {
    {.name = "subcommand"},
    {.name = "key", .type = kKey, .key_spec = 0},
};
constexpr CommandSpec kPfdebugRow = {
    .name = "pfdebug",
    .arity = 3,
    .flags = kWrite | kDenyOom | kAdmin,
    .group = CommandGroup::kHyperLogLog,
    .scope = Scope::kKeys,
    .keys = kPfdebugKeys,
    .since = "2.8.9",
    .complexity = "N/A",
    .summary = "Internal commands for debugging HyperLogLog values",
    .is_syscmd = true,
    .arguments = kPfdebugArgs,
    .run = pfdebug,
};

constexpr KeySpec kPfmergeKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyInsert),
    keys_from(2, -1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kPfmergeArgs[] = {
    {.name = "destkey", .type = kKey, .key_spec = 0},
    {.name = "sourcekey", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kPfmergeRow = {
    .name = "pfmerge",
    .arity = -2,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kHyperLogLog,
    .scope = Scope::kKeys,
    .keys = kPfmergeKeys,
    .since = "2.8.9",
    .complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
    .summary = "Merge N different HyperLogLogs into a single one.",
    .arguments = kPfmergeArgs,
    .run = pfmerge,
};

constexpr CommandSpec kPfselftestRow = {
    .name = "pfselftest",
    .arity = 1,
    .flags = kAdmin,
    .group = CommandGroup::kHyperLogLog,
    .scope = Scope::kSession,
    .since = "2.8.9",
    .complexity = "N/A",
    .summary = "An internal command for testing HyperLogLog values",
    .is_syscmd = true,
    .run = pfselftest,
};

constexpr CommandSpec kRows[] = {kPfaddRow, kPfcountRow, kPfdebugRow, kPfmergeRow, kPfselftestRow};

}  // namespace

CommandRows hyperloglog_commands() {
  return kRows;
}

}  // namespace kvstash::commands
