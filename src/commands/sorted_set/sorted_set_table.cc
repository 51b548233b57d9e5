#include "commands/shared/row_parts.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr KeySpec kBzmpopKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyDelete,
     .index = 2,
     .find = KeySpec::Find::kKeynum,
     .first_key = 1},
};
constexpr ArgSpec kBzmpopWhere[] = {
    {.name = "min", .type = kPureToken, .token = "MIN"},
    {.name = "max", .type = kPureToken, .token = "MAX"},
};
constexpr ArgSpec kBzmpopArgs[] = {
    {.name = "timeout", .type = kDouble},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "where", .type = kOneOf, .arguments = kBzmpopWhere},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kBzmpopRow = {
    .name = "bzmpop",
    .arity = -5,
    .flags = kWrite | kBlocking | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kBzmpopKeys,
    .find_keys = bzmpop_keys,
    .since = "7.0.0",
    .complexity =
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements "
        "in the sorted set, and M being the number of elements popped.",
    .summary =
        "Remove and return members with scores in a sorted set or block until one is available",
    .arguments = kBzmpopArgs,
    .run = bzmpop,
};

constexpr KeySpec kBzpopmaxKeys[] = {
    keys_from(1, -2, 1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr ArgSpec kBzpopmaxArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "timeout", .type = kDouble},
};
constexpr HistoryNote kBzpopmaxHistory[] = {
    {"6.0.0", "`timeout` is interpreted as a double instead of an integer."},
};
constexpr CommandSpec kBzpopmaxRow = {
    .name = "bzpopmax",
    .arity = -3,
    .flags = kWrite | kBlocking | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kBzpopmaxKeys,
    .since = "5.0.0",
    .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    .summary =
        "Remove and return the member with the highest score from one or more sorted sets, or "
        "block until one is available",
    .history = kBzpopmaxHistory,
    .arguments = kBzpopmaxArgs,
    .run = bzpopmax,
};

constexpr HistoryNote kBzpopminHistory[] = {
    {"6.0.0", "`timeout` is interpreted as a double instead of an integer."},
};
constexpr CommandSpec kBzpopminRow = {
    .name = "bzpopmin",
    .arity = -3,
    .flags = kWrite | kBlocking | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kBzpopmaxKeys,
    .since = "5.0.0",
    .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    .summary =
        "Remove and return the member with the lowest score from one or more sorted sets, or block "
        "until one is available",
    .history = kBzpopminHistory,
    .arguments = kBzpopmaxArgs,
    .run = bzpopmin,
};

constexpr ArgSpec kZaddCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
};
constexpr ArgSpec kZaddComparison[] = {
    {.name = "gt", .type = kPureToken, .token = "GT"},
    {.name = "lt", .type = kPureToken, .token = "LT"},
};
constexpr ArgSpec kZaddScoreMember[] = {
    {.name = "score", .type = kDouble},
    {.name = "member"},
};
constexpr ArgSpec kZaddArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "condition",
     .type = kOneOf,
     .since = "3.0.2",
     .flags = kArgOptional,
     .arguments = kZaddCondition},
    {.name = "comparison",
     .type = kOneOf,
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kZaddComparison},
    {.name = "change", .type = kPureToken, .token = "CH", .since = "3.0.2", .flags = kArgOptional},
    {.name = "increment",
     .type = kPureToken,
     .token = "INCR",
     .since = "3.0.2",
     .flags = kArgOptional},
    {.name = "score_member", .type = kBlock, .flags = kArgMultiple, .arguments = kZaddScoreMember},
};
constexpr HistoryNote kZaddHistory[] = {
    {"2.4.0", "Accepts multiple elements."},
    {"3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."},
    {"6.2.0", "Added the `GT` and `LT` options."},
};
constexpr CommandSpec kZaddRow = {
    .name = "zadd",
    .arity = -4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "1.2.0",
    .complexity =
        "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
    .summary = "Add one or more members to a sorted set, or update its score if it already exists",
    .history = kZaddHistory,
    .arguments = kZaddArgs,
    .run = zadd,
};

constexpr CommandSpec kZcardRow = {
    .name = "zcard",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "1.2.0",
    .complexity = "O(1)",
    .summary = "Get the number of members in a sorted set",
    .arguments = kOneKey,
    .run = zcard,
};

constexpr ArgSpec kZcountArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "min", .type = kDouble},
    {.name = "max", .type = kDouble},
};
constexpr CommandSpec kZcountRow = {
    .name = "zcount",
    .arity = 4,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    .summary = "Count the members in a sorted set with scores within the given values",
    .arguments = kZcountArgs,
    .run = zcount,
};

constexpr KeySpec kZdiffKeys[] = {
    {.flags = kKeyRO | kKeyAccess, .index = 1, .find = KeySpec::Find::kKeynum, .first_key = 1},
};
constexpr ArgSpec kZdiffArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
};
constexpr CommandSpec kZdiffRow = {
    .name = "zdiff",
    .arity = -3,
    .flags = kReadOnly | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffKeys,
    .find_keys = zunion_keys,
    .since = "6.2.0",
    .complexity =
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N "
        "is the size of the first set, and K is the size of the result set.",
    .summary = "Subtract multiple sorted sets",
    .arguments = kZdiffArgs,
    .run = zdiff,
};

constexpr KeySpec kZdiffstoreKeys[] = {
    key_at(1, kKeyOW | kKeyUpdate),
    {.flags = kKeyRO | kKeyAccess, .index = 2, .find = KeySpec::Find::kKeynum, .first_key = 1},
};
constexpr ArgSpec kZdiffstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kZdiffstoreRow = {
    .name = "zdiffstore",
    .arity = -4,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffstoreKeys,
    .find_keys = zunionstore_keys,
    .since = "6.2.0",
    .complexity =
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N "
        "is the size of the first set, and K is the size of the result set.",
    .summary = "Subtract multiple sorted sets and store the resulting sorted set in a new key",
    .arguments = kZdiffstoreArgs,
    .run = zdiffstore,
};

constexpr ArgSpec kZincrbyArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "increment", .type = kInteger},
    {.name = "member"},
};
constexpr CommandSpec kZincrbyRow = {
    .name = "zincrby",
    .arity = 4,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "1.2.0",
    .complexity = "O(log(N)) where N is the number of elements in the sorted set.",
    .summary = "Increment the score of a member in a sorted set",
    .arguments = kZincrbyArgs,
    .run = zincrby,
};

constexpr ArgSpec kZinterAggregate[] = {
    {.name = "sum", .type = kPureToken, .token = "SUM"},
    {.name = "min", .type = kPureToken, .token = "MIN"},
    {.name = "max", .type = kPureToken, .token = "MAX"},
};
constexpr ArgSpec kZinterArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "weight", .type = kInteger, .token = "WEIGHTS", .flags = kArgOptional | kArgMultiple},
    {.name = "aggregate",
     .type = kOneOf,
     .token = "AGGREGATE",
     .flags = kArgOptional,
     .arguments = kZinterAggregate},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
};
constexpr CommandSpec kZinterRow = {
    .name = "zinter",
    .arity = -3,
    .flags = kReadOnly | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffKeys,
    .find_keys = zunion_keys,
    .since = "6.2.0",
    .complexity =
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the "
        "number of input sorted sets and M being the number of elements in the resulting sorted "
        "set.",
    .summary = "Intersect multiple sorted sets",
    .arguments = kZinterArgs,
    .run = zinter,
};

constexpr ArgSpec kZintercardArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "limit", .type = kInteger, .token = "LIMIT", .flags = kArgOptional},
};
constexpr CommandSpec kZintercardRow = {
    .name = "zintercard",
    .arity = -3,
    .flags = kReadOnly | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffKeys,
    .find_keys = zunion_keys,
    .since = "7.0.0",
    .complexity =
        "O(N*K) worst case with N being the smallest input sorted set, K being the number of input "
        "sorted sets.",
    .summary = "Intersect multiple sorted sets and return the cardinality of the result",
    .arguments = kZintercardArgs,
    .run = zintercard,
};

constexpr ArgSpec kZinterstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
    {.name = "weight", .type = kInteger, .token = "WEIGHTS", .flags = kArgOptional | kArgMultiple},
    {.name = "aggregate",
     .type = kOneOf,
     .token = "AGGREGATE",
     .flags = kArgOptional,
     .arguments = kZinterAggregate},
};
constexpr CommandSpec kZinterstoreRow = {
    .name = "zinterstore",
    .arity = -4,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffstoreKeys,
    .find_keys = zunionstore_keys,
    .since = "2.0.0",
    .complexity =
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the "
        "number of input sorted sets and M being the number of elements in the resulting sorted "
        "set.",
    .summary = "Intersect multiple sorted sets and store the resulting sorted set in a new key",
    .arguments = kZinterstoreArgs,
    .run = zinterstore,
};

constexpr ArgSpec kZlexcountArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "min"},
    {.name = "max"},
};
constexpr CommandSpec kZlexcountRow = {
    .name = "zlexcount",
    .arity = 4,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.9",
    .complexity = "O(log(N)) with N being the number of elements in the sorted set.",
    .summary = "Count the number of members in a sorted set between a given lexicographical range",
    .arguments = kZlexcountArgs,
    .run = zlexcount,
};

constexpr KeySpec kZmpopKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyDelete,
     .index = 1,
     .find = KeySpec::Find::kKeynum,
     .first_key = 1},
};
constexpr ArgSpec kZmpopArgs[] = {
    {.name = "numkeys", .type = kInteger},
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "where", .type = kOneOf, .arguments = kBzmpopWhere},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kZmpopRow = {
    .name = "zmpop",
    .arity = -4,
    .flags = kWrite | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZmpopKeys,
    .find_keys = zmpop_keys,
    .since = "7.0.0",
    .complexity =
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements "
        "in the sorted set, and M being the number of elements popped.",
    .summary = "Remove and return members with scores in a sorted set",
    .arguments = kZmpopArgs,
    .run = zmpop,
};

constexpr ArgSpec kZmscoreArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member", .flags = kArgMultiple},
};
constexpr CommandSpec kZmscoreRow = {
    .name = "zmscore",
    .arity = -3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.2.0",
    .complexity = "O(N) where N is the number of members being requested.",
    .summary = "Get the score associated with the given members in a sorted set",
    .arguments = kZmscoreArgs,
    .run = zmscore,
};

constexpr KeySpec kZpopmaxKeys[] = {
    key_at(1, kKeyRW | kKeyAccess | kKeyDelete),
};
constexpr ArgSpec kZpopmaxArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "count", .type = kInteger, .flags = kArgOptional},
};
constexpr CommandSpec kZpopmaxRow = {
    .name = "zpopmax",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZpopmaxKeys,
    .since = "5.0.0",
    .complexity =
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number "
        "of elements popped.",
    .summary = "Remove and return members with the highest scores in a sorted set",
    .arguments = kZpopmaxArgs,
    .run = zpopmax,
};

constexpr CommandSpec kZpopminRow = {
    .name = "zpopmin",
    .arity = -2,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZpopmaxKeys,
    .since = "5.0.0",
    .complexity =
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number "
        "of elements popped.",
    .summary = "Remove and return members with the lowest scores in a sorted set",
    .arguments = kZpopmaxArgs,
    .run = zpopmin,
};

constexpr ArgSpec kZrandmemberOptions[] = {
    {.name = "count", .type = kInteger},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
};
constexpr ArgSpec kZrandmemberArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "options", .type = kBlock, .flags = kArgOptional, .arguments = kZrandmemberOptions},
};
constexpr CommandSpec kZrandmemberRow = {
    .name = "zrandmember",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.2.0",
    .complexity = "O(N) where N is the number of elements returned",
    .summary = "Get one or multiple random elements from a sorted set",
    .tips = kVaries,
    .arguments = kZrandmemberArgs,
    .run = zrandmember,
};

constexpr ArgSpec kZrangeSortby[] = {
    {.name = "byscore", .type = kPureToken, .token = "BYSCORE"},
    {.name = "bylex", .type = kPureToken, .token = "BYLEX"},
};
constexpr ArgSpec kZrangeOffsetCount[] = {
    {.name = "offset", .type = kInteger},
    {.name = "count", .type = kInteger},
};
constexpr ArgSpec kZrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start"},
    {.name = "stop"},
    {.name = "sortby",
     .type = kOneOf,
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kZrangeSortby},
    {.name = "rev", .type = kPureToken, .token = "REV", .since = "6.2.0", .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
};
constexpr HistoryNote kZrangeHistory[] = {
    {"6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."},
};
constexpr CommandSpec kZrangeRow = {
    .name = "zrange",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.2.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements returned.",
    .summary = "Return a range of members in a sorted set",
    .history = kZrangeHistory,
    .arguments = kZrangeArgs,
    .run = zrange,
};

constexpr ArgSpec kZrangebylexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "min"},
    {.name = "max"},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
};
constexpr CommandSpec kZrangebylexRow = {
    .name = "zrangebylex",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.9",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements being returned. If M is constant (e.g. always asking for the first 10 elements "
        "with LIMIT), you can consider it O(log(N)).",
    .summary = "Return a range of members in a sorted set, by lexicographical range",
    .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    .arguments = kZrangebylexArgs,
    .run = zrangebylex,
};

constexpr ArgSpec kZrangebyscoreArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "min", .type = kDouble},
    {.name = "max", .type = kDouble},
    {.name = "withscores",
     .type = kPureToken,
     .token = "WITHSCORES",
     .since = "2.0.0",
     .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
};
constexpr HistoryNote kZrangebyscoreHistory[] = {
    {"2.0.0", "Added the `WITHSCORES` modifier."},
};
constexpr CommandSpec kZrangebyscoreRow = {
    .name = "zrangebyscore",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.0.5",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements being returned. If M is constant (e.g. always asking for the first 10 elements "
        "with LIMIT), you can consider it O(log(N)).",
    .summary = "Return a range of members in a sorted set, by score",
    .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    .history = kZrangebyscoreHistory,
    .arguments = kZrangebyscoreArgs,
    .run = zrangebyscore,
};

constexpr KeySpec kZrangestoreKeys[] = {
    key_at(1, kKeyOW | kKeyUpdate),
    key_at(2, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kZrangestoreArgs[] = {
    {.name = "dst", .type = kKey, .key_spec = 0},
    {.name = "src", .type = kKey, .key_spec = 1},
    {.name = "min"},
    {.name = "max"},
    {.name = "sortby", .type = kOneOf, .flags = kArgOptional, .arguments = kZrangeSortby},
    {.name = "rev", .type = kPureToken, .token = "REV", .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
};
constexpr CommandSpec kZrangestoreRow = {
    .name = "zrangestore",
    .arity = -5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZrangestoreKeys,
    .since = "6.2.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements stored into the destination key.",
    .summary = "Store a range of members from sorted set into another key",
    .arguments = kZrangestoreArgs,
    .run = zrangestore,
};

constexpr ArgSpec kZrankArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member"},
    {.name = "withscore", .type = kPureToken, .token = "WITHSCORE", .flags = kArgOptional},
};
constexpr HistoryNote kZrankHistory[] = {
    {"7.2.0", "Added the optional `WITHSCORE` argument."},
};
constexpr CommandSpec kZrankRow = {
    .name = "zrank",
    .arity = -3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(log(N))",
    .summary = "Determine the index of a member in a sorted set",
    .history = kZrankHistory,
    .arguments = kZrankArgs,
    .run = zrank,
};

constexpr KeySpec kZremKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr HistoryNote kZremHistory[] = {
    {"2.4.0", "Accepts multiple elements."},
};
constexpr CommandSpec kZremRow = {
    .name = "zrem",
    .arity = -3,
    .flags = kWrite | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZremKeys,
    .since = "1.2.0",
    .complexity =
        "O(M*log(N)) with N being the number of elements in the sorted set and M the number of "
        "elements to be removed.",
    .summary = "Remove one or more members from a sorted set",
    .history = kZremHistory,
    .arguments = kZmscoreArgs,
    .run = zrem,
};

constexpr CommandSpec kZremrangebylexRow = {
    .name = "zremrangebylex",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZremKeys,
    .since = "2.8.9",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements removed by the operation.",
    .summary = "Remove all members in a sorted set between the given lexicographical range",
    .arguments = kZlexcountArgs,
    .run = zremrangebylex,
};

constexpr ArgSpec kZremrangebyrankArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start", .type = kInteger},
    {.name = "stop", .type = kInteger},
};
constexpr CommandSpec kZremrangebyrankRow = {
    .name = "zremrangebyrank",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZremKeys,
    .since = "2.0.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements removed by the operation.",
    .summary = "Remove all members in a sorted set within the given indexes",
    .arguments = kZremrangebyrankArgs,
    .run = zremrangebyrank,
};

constexpr CommandSpec kZremrangebyscoreRow = {
    .name = "zremrangebyscore",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZremKeys,
    .since = "1.2.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements removed by the operation.",
    .summary = "Remove all members in a sorted set within the given scores",
    .arguments = kZcountArgs,
    .run = zremrangebyscore,
};

constexpr ArgSpec kZrevrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start", .type = kInteger},
    {.name = "stop", .type = kInteger},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
};
constexpr CommandSpec kZrevrangeRow = {
    .name = "zrevrange",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.2.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements returned.",
    .summary =
        "Return a range of members in a sorted set, by index, with scores ordered from high to low",
    .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` argument",
    .arguments = kZrevrangeArgs,
    .run = zrevrange,
};

constexpr ArgSpec kZrevrangebylexArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "max"},
    {.name = "min"},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
};
constexpr CommandSpec kZrevrangebylexRow = {
    .name = "zrevrangebylex",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.9",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements being returned. If M is constant (e.g. always asking for the first 10 elements "
        "with LIMIT), you can consider it O(log(N)).",
    .summary =
        "Return a range of members in a sorted set, by lexicographical range, ordered from higher "
        "to lower strings.",
    .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    .arguments = kZrevrangebylexArgs,
    .run = zrevrangebylex,
};

constexpr ArgSpec kZrevrangebyscoreArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "max", .type = kDouble},
    {.name = "min", .type = kDouble},
    {.name = "withscores", .type = kPureToken, .token = "WITHSCORES", .flags = kArgOptional},
    {.name = "offset_count",
     .type = kBlock,
     .token = "LIMIT",
     .flags = kArgOptional,
     .arguments = kZrangeOffsetCount},
};
constexpr HistoryNote kZrevrangebyscoreHistory[] = {
    {"2.1.6", "`min` and `max` can be exclusive."},
};
constexpr CommandSpec kZrevrangebyscoreRow = {
    .name = "zrevrangebyscore",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.2.0",
    .complexity =
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of "
        "elements being returned. If M is constant (e.g. always asking for the first 10 elements "
        "with LIMIT), you can consider it O(log(N)).",
    .summary =
        "Return a range of members in a sorted set, by score, with scores ordered from high to low",
    .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    .history = kZrevrangebyscoreHistory,
    .arguments = kZrevrangebyscoreArgs,
    .run = zrevrangebyscore,
};

constexpr HistoryNote kZrevrankHistory[] = {
    {"7.2.0", "Added the optional `WITHSCORE` argument."},
};
constexpr CommandSpec kZrevrankRow = {
    .name = "zrevrank",
    .arity = -3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.0.0",
    .complexity = "O(log(N))",
    .summary =
        "Determine the index of a member in a sorted set, with scores ordered from high to low",
    .history = kZrevrankHistory,
    .arguments = kZrankArgs,
    .run = zrevrank,
};

constexpr ArgSpec kZscanArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "cursor", .type = kInteger},
    {.name = "pattern", .type = kPattern, .token = "MATCH", .flags = kArgOptional},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kZscanRow = {
    .name = "zscan",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.0",
    .complexity =
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for "
        "the cursor to return back to 0. N is the number of elements inside the collection..",
    .summary = "Incrementally iterate sorted sets elements and associated scores",
    .tips = kVaries,
    .arguments = kZscanArgs,
    .run = zscan,
};

constexpr ArgSpec kZscoreArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member"},
};
constexpr CommandSpec kZscoreRow = {
    .name = "zscore",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "1.2.0",
    .complexity = "O(1)",
    .summary = "Get the score associated with the given member in a sorted set",
    .arguments = kZscoreArgs,
    .run = zscore,
};

constexpr CommandSpec kZunionRow = {
    .name = "zunion",
    .arity = -3,
    .flags = kReadOnly | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffKeys,
    .find_keys = zunion_keys,
    .since = "6.2.0",
    .complexity =
        "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being "
        "the number of elements in the resulting sorted set.",
    .summary = "Add multiple sorted sets",
    .arguments = kZinterArgs,
    .run = zunion,
};

constexpr CommandSpec kZunionstoreRow = {
    .name = "zunionstore",
    .arity = -4,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kSortedSet,
    .scope = Scope::kKeys,
    .keys = kZdiffstoreKeys,
    .find_keys = zunionstore_keys,
    .since = "2.0.0",
    .complexity =
        "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being "
        "the number of elements in the resulting sorted set.",
    .summary = "Add multiple sorted sets and store the resulting sorted set in a new key",
    .arguments = kZinterstoreArgs,
    .run = zunionstore,
};

constexpr CommandSpec kRows[] = {
    kBzmpopRow,         kBzpopmaxRow,        kBzpopminRow,
    kZaddRow,           kZcardRow,           kZcountRow,
    kZdiffRow,          kZdiffstoreRow,      kZincrbyRow,
    kZinterRow,         kZintercardRow,      kZinterstoreRow,
    kZlexcountRow,      kZmpopRow,           kZmscoreRow,
    kZpopmaxRow,        kZpopminRow,         kZrandmemberRow,
    kZrangeRow,         kZrangebylexRow,     kZrangebyscoreRow,
    kZrangestoreRow,    kZrankRow,           kZremRow,
    kZremrangebylexRow, kZremrangebyrankRow, kZremrangebyscoreRow,
    kZrevrangeRow,      kZrevrangebylexRow,  kZrevrangebyscoreRow,
    kZrevrankRow,       kZscanRow,           kZscoreRow,
    kZunionRow,         kZunionstoreRow,
};

}  // namespace

CommandRows sorted_set_commands() {
  return kRows;
}

}  // namespace kvstash::commands
