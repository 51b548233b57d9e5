#include "commands/shared/row_parts.h"
#include "commands/sort/sort.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kSortKeys[] = {
    key_at(1, kKeyRO | kKeyAccess),
    {.flags = kKeyRO | kKeyAccess,
     .begin = KeySpec::Begin::kUnknown,
     .find = KeySpec::Find::kUnknown,
     .notes = "For the optional BY/GET keyword. It is marked 'unknown' because the key names "
              "derive from the content of the key we sort"},
    {.flags = kKeyOW | kKeyUpdate,
     .begin = KeySpec::Begin::kUnknown,
     .find = KeySpec::Find::kUnknown,
     .notes = "For the optional STORE keyword. It is marked 'unknown' because the keyword can "
              "appear anywhere in the argument array"},
};
constexpr ArgSpec kSortArgsOffsetCount[] = {
    {.name = "offset", .type = kInteger},
    {.name = "count", .type = kInteger},
};
constexpr ArgSpec kSortArgsOrder[] = {
    {.name = "asc", .type = kPureToken, .token = "ASC"},
    {.name = "desc", .type = kPureToken, .token = "DESC"},
};
constexpr ArgSpec kSortArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "pattern", .type = kPattern, .key_spec = 1, .token = "BY", .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kSortArgsOffsetCount},
    {.name = "pattern",
     .type = kPattern,
     .key_spec = 1,
     .token = "GET",
     .flags = kArgOptional | kArgMultiple | kArgMultipleToken},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kSortArgsOrder},
    {.name = "sorting", .type = kPureToken, .token = "ALPHA", .flags = kArgOptional},
    {.name = "destination", .type = kKey, .key_spec = 2, .token = "STORE", .flags = kArgOptional},
};
constexpr CommandSpec kSortRow = {
    .name = "sort",
    .arity = -2,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .acl = kAclSet | kAclSortedSet | kAclList | kAclDangerous,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kSortKeys,
    .find_keys = sort_keys,
    .find_scope = sort_scope,
    .since = "1.0.0",
    .complexity =
        "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the "
        "number of returned elements. When the elements are not sorted, complexity is O(N).",
    .summary = "Sort the elements in a list, set or sorted set",
    .arguments = kSortArgs,
    .run = sort,
};

constexpr KeySpec kSortRoKeys[] = {
    key_at(1, kKeyRO | kKeyAccess),
    {.flags = kKeyRO | kKeyAccess,
     .begin = KeySpec::Begin::kUnknown,
     .find = KeySpec::Find::kUnknown,
     .notes = "For the optional BY/GET keyword. It is marked 'unknown' because the key names "
              "derive from the content of the key we sort"},
};
constexpr ArgSpec kSortRoArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "pattern", .type = kPattern, .key_spec = 1, .token = "BY", .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kSortArgsOffsetCount},
    {.name = "pattern",
     .type = kPattern,
     .key_spec = 1,
     .token = "GET",
     .flags = kArgOptional | kArgMultiple | kArgMultipleToken},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kSortArgsOrder},
    {.name = "sorting", .type = kPureToken, .token = "ALPHA", .flags = kArgOptional},
};
constexpr CommandSpec kSortRoRow = {
    .name = "sort_ro",
    .arity = -2,
    .flags = kReadOnly | kMovableKeys,
    .acl = kAclSet | kAclSortedSet | kAclList | kAclDangerous,
    .group = CommandGroup::kGeneric,
    .scope = Scope::kKeys,
    .keys = kSortRoKeys,
    .find_keys = sort_ro_keys,
    .find_scope = sort_ro_scope,
    .since = "7.0.0",
    .complexity =
        "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the "
        "number of returned elements. When the elements are not sorted, complexity is O(N).",
    .summary = "Sort the elements in a list, set or sorted set. Read-only variant of SORT.",
    .arguments = kSortRoArgs,
    .run = sort_ro,
};

constexpr CommandSpec kRows[] = {kSortRow, kSortRoRow};

}  // namespace

CommandRows sort_commands() {
  return kRows;
}

}  // namespace kvstash::commands
