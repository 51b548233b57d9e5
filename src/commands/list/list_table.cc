#include "commands/list/list.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kBlmoveKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
    key_at(2, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kEnds[] = {
    {.name = "left", .type = kPureToken, .token = "LEFT"},
    {.name = "right", .type = kPureToken, .token = "RIGHT"},
};
constexpr ArgSpec kBlmoveArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
    {.name = "wherefrom", .type = kOneOf, .arguments = kEnds},
    {.name = "whereto", .type = kOneOf, .arguments = kEnds},
    {.name = "timeout", .type = kDouble},
};
constexpr CommandSpec kBlmoveRow = {
    .name = "blmove",
    .arity = 6,
    .flags = kWrite | kDenyOom | kBlocking,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlmoveKeys,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary =
        "Pop an element from a list, push it to another list and return it; or block until one is "
        "available",
    .arguments = kBlmoveArgs,
    .run = blmove,
};

constexpr KeySpec kBlmpopKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyDelete,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1},
};
constexpr ArgSpec kBlmpopArgs[] = {
    {.name = "timeout", .type = kDouble},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "where", .type = kOneOf, .arguments = kEnds},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kBlmpopRow = {
    .name = "blmpop",
    .arity = -5,
    .flags = kWrite | kBlocking | kMovableKeys,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlmpopKeys,
    .find_keys = blmpop_keys,
    .since = "7.0.0",
    .complexity =
        "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
    .summary = "Pop elements from a list, or block until one is available",
    .arguments = kBlmpopArgs,
    .run = blmpop,
};

constexpr KeySpec kBlpopKeys[] = {
    keys_from(1, -2, 1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr HistoryNote kBlpopHistory[] = {
    {"6.0.0", "`timeout` is interpreted as a double instead of an integer."},
};
constexpr ArgSpec kBlpopArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "timeout", .type = kDouble},
};
constexpr CommandSpec kBlpopRow = {
    .name = "blpop",
    .arity = -3,
    .flags = kWrite | kBlocking,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlpopKeys,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of provided keys.",
    .summary = "Remove and get the first element in a list, or block until one is available",
    .history = kBlpopHistory,
    .arguments = kBlpopArgs,
    .run = blpop,
};

constexpr CommandSpec kBrpopRow = {
    .name = "brpop",
    .arity = -3,
    .flags = kWrite | kBlocking,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlpopKeys,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of provided keys.",
    .summary = "Remove and get the last element in a list, or block until one is available",
    .history = kBlpopHistory,
    .arguments = kBlpopArgs,
    .run = brpop,
};

constexpr ArgSpec kBrpoplpushArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
    {.name = "timeout", .type = kDouble},
};
constexpr CommandSpec kBrpoplpushRow = {
    .name = "brpoplpush",
    .arity = 4,
    .flags = kWrite | kDenyOom | kBlocking,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlmoveKeys,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary =
        "Pop an element from a list, push it to another list and return it; or block until one is "
        "available",
    .deprecated_since = "6.2.0",
    .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    .history = kBlpopHistory,
    .arguments = kBrpoplpushArgs,
    .run = brpoplpush,
};

constexpr ArgSpec kLindexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "index", .type = kInteger},
};
constexpr CommandSpec kLindexRow = {
    .name = "lindex",
    .arity = 3,
    .flags = kReadOnly,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity =
        "O(N) where N is the number of elements to traverse to get to the element at index. This "
        "makes asking for the first or the last element of the list O(1).",
    .summary = "Get an element from a list by its index",
    .arguments = kLindexArgs,
    .run = lindex,
};

constexpr KeySpec kLinsertKeys[] = {
    key_at(1, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kLinsertWhere[] = {
    {.name = "before", .type = kPureToken, .token = "BEFORE"},
    {.name = "after", .type = kPureToken, .token = "AFTER"},
};
constexpr ArgSpec kLinsertArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "where", .type = kOneOf, .arguments = kLinsertWhere},
    {.name = "pivot"},
    {.name = "element"},
};
constexpr CommandSpec kLinsertRow = {
    .name = "linsert",
    .arity = 5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLinsertKeys,
    .since = "2.2.0",
    .complexity =
        "O(N) where N is the number of elements to traverse before seeing the value pivot. This "
        "means that inserting somewhere on the left end on the list (head) can be considered O(1) "
        "and inserting somewhere on the right end (tail) is O(N).",
    .summary = "Insert an element before or after another element in a list",
    .arguments = kLinsertArgs,
    .run = linsert,
};

constexpr CommandSpec kLlenRow = {
    .name = "llen",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "Get the length of a list",
    .arguments = kOneKey,
    .run = llen,
};

constexpr ArgSpec kLmoveArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
    {.name = "wherefrom", .type = kOneOf, .arguments = kEnds},
    {.name = "whereto", .type = kOneOf, .arguments = kEnds},
};
constexpr CommandSpec kLmoveRow = {
    .name = "lmove",
    .arity = 5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlmoveKeys,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Pop an element from a list, push it to another list and return it",
    .arguments = kLmoveArgs,
    .run = lmove,
};

constexpr KeySpec kLmpopKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyDelete,
     .index = 1,
     .find = KeySpec::Find::kKeynum,
     .step = 1,
     .keynum_index = 0,
     .first_key = 1},
};
constexpr ArgSpec kLmpopArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "where", .type = kOneOf, .arguments = kEnds},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kLmpopRow = {
    .name = "lmpop",
    .arity = -4,
    .flags = kWrite | kMovableKeys,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLmpopKeys,
    .find_keys = lmpop_keys,
    .since = "7.0.0",
    .complexity =
        "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
    .summary = "Pop elements from a list",
    .arguments = kLmpopArgs,
    .run = lmpop,
};

constexpr KeySpec kLpopKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr HistoryNote kLpopHistory[] = {
    {"6.2.0", "Added the `count` argument."},
};
constexpr ArgSpec kLpopArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger, .since = "6.2.0", .flags = kArgOptional},
};
constexpr CommandSpec kLpopRow = {
    .name = "lpop",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLpopKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of elements returned",
    .summary = "Remove and get the first elements in a list",
    .history = kLpopHistory,
    .arguments = kLpopArgs,
    .run = lpop,
};

constexpr ArgSpec kLposArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "element"},
    {.name = "rank", .type = kInteger, .token = "RANK", .flags = kArgOptional},
    {.name = "num-matches", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "len", .type = kInteger, .token = "MAXLEN", .flags = kArgOptional},
};
constexpr CommandSpec kLposRow = {
    .name = "lpos",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.0.6",
    .complexity =
        "O(N) where N is the number of elements in the list, for the average case. When searching "
        "for elements near the head or the tail of the list, or when the MAXLEN option is "
        "provided, the command may run in constant time.",
    .summary = "Return the index of matching elements on a list",
    .arguments = kLposArgs,
    .run = lpos,
};

constexpr HistoryNote kLpushHistory[] = {
    {"2.4.0", "Accepts multiple `element` arguments."},
};
constexpr ArgSpec kLpushArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "element", .flags = kArgMultiple},
};
constexpr CommandSpec kLpushRow = {
    .name = "lpush",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLinsertKeys,
    .since = "1.0.0",
    .complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with "
        "multiple arguments.",
    .summary = "Prepend one or multiple elements to a list",
    .history = kLpushHistory,
    .arguments = kLpushArgs,
    .run = lpush,
};

constexpr HistoryNote kLpushxHistory[] = {
    {"4.0.0", "Accepts multiple `element` arguments."},
};
constexpr CommandSpec kLpushxRow = {
    .name = "lpushx",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLinsertKeys,
    .since = "2.2.0",
    .complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with "
        "multiple arguments.",
    .summary = "Prepend an element to a list, only if the list exists",
    .history = kLpushxHistory,
    .arguments = kLpushArgs,
    .run = lpushx,
};

constexpr ArgSpec kLrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start", .type = kInteger},
    {.name = "stop", .type = kInteger},
};
constexpr CommandSpec kLrangeRow = {
    .name = "lrange",
    .arity = 4,
    .flags = kReadOnly,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.0",
    .complexity =
        "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest "
        "end (HEAD or TAIL) for large lists; and N is the number of elements in the specified "
        "range.",
    .summary = "Get a range of elements from a list",
    .arguments = kLrangeArgs,
    .run = lrange,
};

constexpr KeySpec kLremKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr ArgSpec kLremArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger},
    {.name = "element"},
};
constexpr CommandSpec kLremRow = {
    .name = "lrem",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLremKeys,
    .since = "1.0.0",
    .complexity =
        "O(N+M) where N is the length of the list and M is the number of elements removed.",
    .summary = "Remove elements from a list",
    .arguments = kLremArgs,
    .run = lrem,
};

constexpr ArgSpec kLsetArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "index", .type = kInteger},
    {.name = "element"},
};
constexpr CommandSpec kLsetRow = {
    .name = "lset",
    .arity = 4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "1.0.0",
    .complexity =
        "O(N) where N is the length of the list. Setting either the first or the last element of "
        "the list is O(1).",
    .summary = "Set the value of an element in a list by its index",
    .arguments = kLsetArgs,
    .run = lset,
};

constexpr CommandSpec kLtrimRow = {
    .name = "ltrim",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLremKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of elements to be removed by the operation.",
    .summary = "Trim a list to the specified range",
    .arguments = kLrangeArgs,
    .run = ltrim,
};

constexpr CommandSpec kRpopRow = {
    .name = "rpop",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLpopKeys,
    .since = "1.0.0",
    .complexity = "O(N) where N is the number of elements returned",
    .summary = "Remove and get the last elements in a list",
    .history = kLpopHistory,
    .arguments = kLpopArgs,
    .run = rpop,
};

constexpr ArgSpec kRpoplpushArgs[] = {
    {.name = "source", .type = kKey, .key_spec = 0},
    {.name = "destination", .type = kKey, .key_spec = 1},
};
constexpr CommandSpec kRpoplpushRow = {
    .name = "rpoplpush",
    .arity = 3,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kBlmoveKeys,
    .since = "1.2.0",
    .complexity = "O(1)",
    .summary = "Remove the last element in a list, prepend it to another list and return it",
    .deprecated_since = "6.2.0",
    .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    .arguments = kRpoplpushArgs,
    .run = rpoplpush,
};

constexpr CommandSpec kRpushRow = {
    .name = "rpush",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLinsertKeys,
    .since = "1.0.0",
    .complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with "
        "multiple arguments.",
    .summary = "Append one or multiple elements to a list",
    .history = kLpushHistory,
    .arguments = kLpushArgs,
    .run = rpush,
};

constexpr CommandSpec kRpushxRow = {
    .name = "rpushx",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kList,
    .scope = Scope::kKeys,
    .keys = kLinsertKeys,
    .since = "2.2.0",
    .complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with "
        "multiple arguments.",
    .summary = "Append an element to a list, only if the list exists",
    .history = kLpushxHistory,
    .arguments = kLpushArgs,
    .run = rpushx,
};

constexpr CommandSpec kRows[] = {
    kBlmoveRow,  kBlmpopRow,    kBlpopRow,  kBrpopRow,  kBrpoplpushRow, kLindexRow,
    kLinsertRow, kLlenRow,      kLmoveRow,  kLmpopRow,  kLpopRow,       kLposRow,
    kLpushRow,   kLpushxRow,    kLrangeRow, kLremRow,   kLsetRow,       kLtrimRow,
    kRpopRow,    kRpoplpushRow, kRpushRow,  kRpushxRow,
};

}  // namespace

CommandRows list_commands() {
  return kRows;
}

}  // namespace kvstash::commands
