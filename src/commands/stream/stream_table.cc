#include "commands/shared/row_parts.h"
#include "commands/stream/stream.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kXackArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "group"},
    {.name = "id", .flags = kArgMultiple},
};
constexpr CommandSpec kXackRow = {
    .name = "xack",
    .arity = -4,
    .flags = kWrite | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "5.0.0",
    .complexity = "O(1) for each message ID processed.",
    .summary =
        "Marks a pending message as correctly processed, effectively removing it from the pending "
        "entries list of the consumer group. Return value of the command is the number of messages "
        "successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
    .arguments = kXackArgs,
    .run = xack,
};

constexpr KeySpec kXaddKeys[] = {
    {.flags = kKeyRW | kKeyUpdate,
     .index = 1,
     .notes = "UPDATE instead of INSERT because of the optional trimming feature"},
};
constexpr std::string_view kXaddTips[] = {"nondeterministic_output"};
constexpr HistoryNote kXaddHistory[] = {
    {.since = "6.2.0",
     .change = "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."},
    {.since = "7.0.0", .change = "Added support for the `<ms>-*` explicit ID form."},
};
constexpr ArgSpec kXaddTrimStrategyArgs[] = {
    {.name = "maxlen", .type = kPureToken, .token = "MAXLEN"},
    {.name = "minid", .type = kPureToken, .token = "MINID", .since = "6.2.0"},
};
constexpr ArgSpec kXaddTrimOperatorArgs[] = {
    {.name = "equal", .type = kPureToken, .token = "="},
    {.name = "approximately", .type = kPureToken, .token = "~"},
};
constexpr ArgSpec kXaddTrimArgs[] = {
    {.name = "strategy", .type = kOneOf, .arguments = kXaddTrimStrategyArgs},
    {.name = "operator", .type = kOneOf, .flags = kArgOptional, .arguments = kXaddTrimOperatorArgs},
    {.name = "threshold"},
    {.name = "count", .type = kInteger, .token = "LIMIT", .since = "6.2.0", .flags = kArgOptional},
};
constexpr ArgSpec kXaddIdOrAutoArgs[] = {
    {.name = "auto_id", .type = kPureToken, .token = "*"},
    {.name = "id"},
};
constexpr ArgSpec kXaddFieldValueArgs[] = {
    {.name = "field"},
    {.name = "value"},
};
constexpr ArgSpec kXaddArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "nomkstream",
     .type = kPureToken,
     .token = "NOMKSTREAM",
     .since = "6.2.0",
     .flags = kArgOptional},
    {.name = "trim", .type = kBlock, .flags = kArgOptional, .arguments = kXaddTrimArgs},
    {.name = "id_or_auto", .type = kOneOf, .arguments = kXaddIdOrAutoArgs},
    {.name = "field_value",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kXaddFieldValueArgs},
};
constexpr CommandSpec kXaddRow = {
    .name = "xadd",
    .arity = -5,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXaddKeys,
    .since = "5.0.0",
    .complexity =
        "O(1) when adding a new entry, O(N) when trimming where N being the number of entries "
        "evicted.",
    .summary = "Appends a new entry to a stream",
    .history = kXaddHistory,
    .tips = kXaddTips,
    .arguments = kXaddArgs,
    .run = xadd,
};

constexpr KeySpec kXautoclaimKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr std::string_view kXautoclaimTips[] = {"nondeterministic_output"};
constexpr HistoryNote kXautoclaimHistory[] = {
    {.since = "7.0.0",
     .change = "Added an element to the reply array, containing deleted entries the command "
               "cleared from the PEL"},
};
constexpr ArgSpec kXautoclaimArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "group"},
    {.name = "consumer"},
    {.name = "min-idle-time"},
    {.name = "start"},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "justid", .type = kPureToken, .token = "JUSTID", .flags = kArgOptional},
};
constexpr CommandSpec kXautoclaimRow = {
    .name = "xautoclaim",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXautoclaimKeys,
    .since = "6.2.0",
    .complexity = "O(1) if COUNT is small.",
    .summary =
        "Changes (or acquires) ownership of messages in a consumer group, as if the messages were "
        "delivered to the specified consumer.",
    .history = kXautoclaimHistory,
    .tips = kXautoclaimTips,
    .arguments = kXautoclaimArgs,
    .run = xautoclaim,
};

constexpr std::string_view kXclaimTips[] = {"nondeterministic_output"};
constexpr ArgSpec kXclaimArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "group"},
    {.name = "consumer"},
    {.name = "min-idle-time"},
    {.name = "id", .flags = kArgMultiple},
    {.name = "ms", .type = kInteger, .token = "IDLE", .flags = kArgOptional},
    {.name = "unix-time-milliseconds", .type = kUnixTime, .token = "TIME", .flags = kArgOptional},
    {.name = "count", .type = kInteger, .token = "RETRYCOUNT", .flags = kArgOptional},
    {.name = "force", .type = kPureToken, .token = "FORCE", .flags = kArgOptional},
    {.name = "justid", .type = kPureToken, .token = "JUSTID", .flags = kArgOptional},
    {.name = "id", .token = "LASTID", .flags = kArgOptional},
};
constexpr CommandSpec kXclaimRow = {
    .name = "xclaim",
    .arity = -6,
    .flags = kWrite | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "5.0.0",
    .complexity = "O(log N) with N being the number of messages in the PEL of the consumer group.",
    .summary =
        "Changes (or acquires) ownership of a message in a consumer group, as if the message was "
        "delivered to the specified consumer.",
    .tips = kXclaimTips,
    .arguments = kXclaimArgs,
    .run = xclaim,
};

constexpr KeySpec kXdelKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr ArgSpec kXdelArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "id", .flags = kArgMultiple},
};
constexpr CommandSpec kXdelRow = {
    .name = "xdel",
    .arity = -3,
    .flags = kWrite | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXdelKeys,
    .since = "5.0.0",
    .complexity =
        "O(1) for each single item to delete in the stream, regardless of the stream size.",
    .summary =
        "Removes the specified entries from the stream. Returns the number of items actually "
        "deleted, that may be different from the number of IDs passed in case certain IDs do not "
        "exist.",
    .arguments = kXdelArgs,
    .run = xdel,
};

constexpr KeySpec kXgroupCreateKeys[] = {
    key_at(2, kKeyRW | kKeyInsert),
};
constexpr HistoryNote kXgroupCreateHistory[] = {
    {.since = "7.0.0", .change = "Added the `entries_read` named argument."},
};
constexpr ArgSpec kXgroupCreateIdArgs[] = {
    {.name = "id"},
    {.name = "new_id", .type = kPureToken, .token = "$"},
};
constexpr ArgSpec kXgroupCreateArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
    {.name = "id", .type = kOneOf, .arguments = kXgroupCreateIdArgs},
    {.name = "mkstream", .type = kPureToken, .token = "MKSTREAM", .flags = kArgOptional},
    {.name = "entries_read", .type = kInteger, .token = "ENTRIESREAD", .flags = kArgOptional},
};
constexpr CommandSpec kXgroupCreateRow = {
    .name = "create",
    .arity = -5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXgroupCreateKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Create a consumer group.",
    .history = kXgroupCreateHistory,
    .arguments = kXgroupCreateArgs,
    .run = xgroup_create,
};

constexpr KeySpec kXgroupCreateconsumerKeys[] = {
    key_at(2, kKeyRW | kKeyInsert),
};
constexpr ArgSpec kXgroupCreateconsumerArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
    {.name = "consumername"},
};
constexpr CommandSpec kXgroupCreateconsumerRow = {
    .name = "createconsumer",
    .arity = 5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXgroupCreateconsumerKeys,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Create a consumer in a consumer group.",
    .arguments = kXgroupCreateconsumerArgs,
    .run = xgroup_createconsumer,
};

constexpr KeySpec kXgroupDelconsumerKeys[] = {
    key_at(2, kKeyRW | kKeyDelete),
};
constexpr ArgSpec kXgroupDelconsumerArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
    {.name = "consumername"},
};
constexpr CommandSpec kXgroupDelconsumerRow = {
    .name = "delconsumer",
    .arity = 5,
    .flags = kWrite,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXgroupDelconsumerKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Delete a consumer from a consumer group.",
    .arguments = kXgroupDelconsumerArgs,
    .run = xgroup_delconsumer,
};

constexpr KeySpec kXgroupDestroyKeys[] = {
    key_at(2, kKeyRW | kKeyDelete),
};
constexpr ArgSpec kXgroupDestroyArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
};
constexpr CommandSpec kXgroupDestroyRow = {
    .name = "destroy",
    .arity = 4,
    .flags = kWrite,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXgroupDestroyKeys,
    .since = "5.0.0",
    .complexity =
        "O(N) where N is the number of entries in the group's pending entries list (PEL).",
    .summary = "Destroy a consumer group.",
    .arguments = kXgroupDestroyArgs,
    .run = xgroup_destroy,
};

constexpr CommandSpec kXgroupHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kStream,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = xgroup_help,
};

constexpr KeySpec kXgroupSetidKeys[] = {
    key_at(2, kKeyRW | kKeyUpdate),
};
constexpr HistoryNote kXgroupSetidHistory[] = {
    {.since = "7.0.0", .change = "Added the optional `entries_read` argument."},
};
constexpr ArgSpec kXgroupSetidIdArgs[] = {
    {.name = "id"},
    {.name = "new_id", .type = kPureToken, .token = "$"},
};
constexpr ArgSpec kXgroupSetidArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
    {.name = "id", .type = kOneOf, .arguments = kXgroupSetidIdArgs},
    {.name = "entries_read", .type = kInteger, .token = "ENTRIESREAD", .flags = kArgOptional},
};
constexpr CommandSpec kXgroupSetidRow = {
    .name = "setid",
    .arity = -5,
    .flags = kWrite,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXgroupSetidKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Set a consumer group to an arbitrary last delivered ID value.",
    .history = kXgroupSetidHistory,
    .arguments = kXgroupSetidArgs,
    .run = xgroup_setid,
};

constexpr CommandSpec kXgroupSubcommands[] = {kXgroupCreateRow,      kXgroupCreateconsumerRow,
                                              kXgroupDelconsumerRow, kXgroupDestroyRow,
                                              kXgroupHelpRow,        kXgroupSetidRow};
constexpr CommandSpec kXgroupRow = {
    .name = "xgroup",
    .arity = -2,
    .group = CommandGroup::kStream,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for consumer groups commands",
    .subcommands = kXgroupSubcommands,
};

constexpr KeySpec kXinfoConsumersKeys[] = {
    key_at(2, kKeyRO | kKeyAccess),
};
constexpr std::string_view kXinfoConsumersTips[] = {"nondeterministic_output"};
constexpr ArgSpec kXinfoConsumersArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "groupname"},
};
constexpr CommandSpec kXinfoConsumersRow = {
    .name = "consumers",
    .arity = 4,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXinfoConsumersKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "List the consumers in a consumer group",
    .tips = kXinfoConsumersTips,
    .arguments = kXinfoConsumersArgs,
    .run = xinfo_consumers,
};

constexpr KeySpec kXinfoGroupsKeys[] = {
    key_at(2, kKeyRO | kKeyAccess),
};
constexpr HistoryNote kXinfoGroupsHistory[] = {
    {.since = "7.0.0", .change = "Added the `entries-read` and `lag` fields"},
};
constexpr ArgSpec kXinfoGroupsArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
};
constexpr CommandSpec kXinfoGroupsRow = {
    .name = "groups",
    .arity = 3,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXinfoGroupsKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "List the consumer groups of a stream",
    .history = kXinfoGroupsHistory,
    .arguments = kXinfoGroupsArgs,
    .run = xinfo_groups,
};

constexpr CommandSpec kXinfoHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kStream,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = xinfo_help,
};

constexpr KeySpec kXinfoStreamKeys[] = {
    key_at(2, kKeyRO | kKeyAccess),
};
constexpr HistoryNote kXinfoStreamHistory[] = {
    {.since = "6.0.0", .change = "Added the `FULL` modifier."},
    {.since = "7.0.0",
     .change = "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, "
               "`entries-read` and `lag` fields"},
};
constexpr ArgSpec kXinfoStreamFullArgs[] = {
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr ArgSpec kXinfoStreamArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "full",
     .type = kBlock,
     .token = "FULL",
     .flags = kArgOptional,
     .arguments = kXinfoStreamFullArgs},
};
constexpr CommandSpec kXinfoStreamRow = {
    .name = "stream",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXinfoStreamKeys,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Get information about a stream",
    .history = kXinfoStreamHistory,
    .arguments = kXinfoStreamArgs,
    .run = xinfo_stream,
};

constexpr CommandSpec kXinfoSubcommands[] = {kXinfoConsumersRow, kXinfoGroupsRow, kXinfoHelpRow,
                                             kXinfoStreamRow};
constexpr CommandSpec kXinfoRow = {
    .name = "xinfo",
    .arity = -2,
    .group = CommandGroup::kStream,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for stream introspection commands",
    .subcommands = kXinfoSubcommands,
};

constexpr ArgSpec kXlenArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
};
constexpr CommandSpec kXlenRow = {
    .name = "xlen",
    .arity = 2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kLooksAtFirst,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Return the number of entries in a stream",
    .arguments = kXlenArgs,
    .run = xlen,
};

constexpr std::string_view kXpendingTips[] = {"nondeterministic_output"};
constexpr HistoryNote kXpendingHistory[] = {
    {.since = "6.2.0", .change = "Added the `IDLE` option and exclusive range intervals."},
};
constexpr ArgSpec kXpendingFiltersArgs[] = {
    {.name = "min-idle-time",
     .type = kInteger,
     .token = "IDLE",
     .since = "6.2.0",
     .flags = kArgOptional},
    {.name = "start"},
    {.name = "end"},
    {.name = "count", .type = kInteger},
    {.name = "consumer", .flags = kArgOptional},
};
constexpr ArgSpec kXpendingArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "group"},
    {.name = "filters", .type = kBlock, .flags = kArgOptional, .arguments = kXpendingFiltersArgs},
};
constexpr CommandSpec kXpendingRow = {
    .name = "xpending",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "5.0.0",
    .complexity =
        "O(N) with N being the number of elements returned, so asking for a small fixed number of "
        "entries per call is O(1). O(M), where M is the total number of entries scanned when used "
        "with the IDLE filter. When the command returns just the summary and the list of consumers "
        "is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every "
        "consumer.",
    .summary =
        "Return information and entries from a stream consumer group pending entries list, that "
        "are messages fetched but never acknowledged.",
    .history = kXpendingHistory,
    .tips = kXpendingTips,
    .arguments = kXpendingArgs,
    .run = xpending,
};

constexpr HistoryNote kXrangeHistory[] = {
    {.since = "6.2.0", .change = "Added exclusive ranges."},
};
constexpr ArgSpec kXrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "start"},
    {.name = "end"},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kXrangeRow = {
    .name = "xrange",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "5.0.0",
    .complexity =
        "O(N) with N being the number of elements being returned. If N is constant (e.g. always "
        "asking for the first 10 elements with COUNT), you can consider it O(1).",
    .summary =
        "Return a range of elements in a stream, with IDs matching the specified IDs interval",
    .history = kXrangeHistory,
    .arguments = kXrangeArgs,
    .run = xrange,
};

constexpr KeySpec kXreadKeys[] = {
    {.flags = kKeyRO | kKeyAccess,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STREAMS",
     .start_from = 1,
     .last = -1,
     .step = 1,
     .limit = 2},
};
constexpr ArgSpec kXreadStreamsArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "id", .flags = kArgMultiple},
};
constexpr ArgSpec kXreadArgs[] = {
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "milliseconds", .type = kInteger, .token = "BLOCK", .flags = kArgOptional},
    {.name = "streams", .type = kBlock, .token = "STREAMS", .arguments = kXreadStreamsArgs},
};
constexpr CommandSpec kXreadRow = {
    .name = "xread",
    .arity = -4,
    .flags = kReadOnly | kBlocking | kMovableKeys,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXreadKeys,
    .find_keys = xread_keys,
    .since = "5.0.0",
    .complexity =
        "For each stream mentioned: O(N) with N being the number of elements being returned, it "
        "means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, "
        "XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new "
        "data.",
    .summary =
        "Return never seen elements in multiple streams, with IDs greater than the ones reported "
        "by the caller for each stream. Can block.",
    .arguments = kXreadArgs,
    .run = xread,
};

constexpr KeySpec kXreadgroupKeys[] = {
    {.flags = kKeyRO | kKeyAccess,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STREAMS",
     .start_from = 4,
     .last = -1,
     .step = 1,
     .limit = 2},
};
constexpr ArgSpec kXreadgroupGroupConsumerArgs[] = {
    {.name = "group"},
    {.name = "consumer"},
};
constexpr ArgSpec kXreadgroupStreamsArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0, .flags = kArgMultiple},
    {.name = "id", .flags = kArgMultiple},
};
constexpr ArgSpec kXreadgroupArgs[] = {
    {.name = "group_consumer",
     .type = kBlock,
     .token = "GROUP",
     .arguments = kXreadgroupGroupConsumerArgs},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
    {.name = "milliseconds", .type = kInteger, .token = "BLOCK", .flags = kArgOptional},
    {.name = "noack", .type = kPureToken, .token = "NOACK", .flags = kArgOptional},
    {.name = "streams", .type = kBlock, .token = "STREAMS", .arguments = kXreadgroupStreamsArgs},
};
constexpr CommandSpec kXreadgroupRow = {
    .name = "xreadgroup",
    .arity = -7,
    .flags = kWrite | kBlocking | kMovableKeys,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXreadgroupKeys,
    .find_keys = xreadgroup_keys,
    .since = "5.0.0",
    .complexity =
        "For each stream mentioned: O(M) with M being the number of elements returned. If M is "
        "constant (e.g. always asking for the first 10 elements with COUNT), you can consider it "
        "O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to "
        "serve the N clients blocked on the stream getting new data.",
    .summary =
        "Return new entries from a stream using a consumer group, or access the history of the "
        "pending entries for a given consumer. Can block.",
    .arguments = kXreadgroupArgs,
    .run = xreadgroup,
};

constexpr HistoryNote kXrevrangeHistory[] = {
    {.since = "6.2.0", .change = "Added exclusive ranges."},
};
constexpr ArgSpec kXrevrangeArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "end"},
    {.name = "start"},
    {.name = "count", .type = kInteger, .token = "COUNT", .flags = kArgOptional},
};
constexpr CommandSpec kXrevrangeRow = {
    .name = "xrevrange",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "5.0.0",
    .complexity =
        "O(N) with N being the number of elements returned. If N is constant (e.g. always asking "
        "for the first 10 elements with COUNT), you can consider it O(1).",
    .summary =
        "Return a range of elements in a stream, with IDs matching the specified IDs interval, in "
        "reverse order (from greater to smaller IDs) compared to XRANGE",
    .history = kXrevrangeHistory,
    .arguments = kXrevrangeArgs,
    .run = xrevrange,
};

constexpr HistoryNote kXsetidHistory[] = {
    {.since = "7.0.0", .change = "Added the `entries_added` and `max_deleted_entry_id` arguments."},
};
constexpr ArgSpec kXsetidArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "last-id"},
    {.name = "entries_added",
     .type = kInteger,
     .token = "ENTRIESADDED",
     .since = "7.0.0",
     .flags = kArgOptional},
    {.name = "max_deleted_entry_id",
     .token = "MAXDELETEDID",
     .since = "7.0.0",
     .flags = kArgOptional},
};
constexpr CommandSpec kXsetidRow = {
    .name = "xsetid",
    .arity = -3,
    .flags = kWrite | kDenyOom | kFast,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "An internal command for replicating stream values",
    .history = kXsetidHistory,
    .arguments = kXsetidArgs,
    .run = xsetid,
};

constexpr KeySpec kXtrimKeys[] = {
    key_at(1, kKeyRW | kKeyDelete),
};
constexpr std::string_view kXtrimTips[] = {"nondeterministic_output"};
constexpr HistoryNote kXtrimHistory[] = {
    {.since = "6.2.0", .change = "Added the `MINID` trimming strategy and the `LIMIT` option."},
};
constexpr ArgSpec kXtrimTrimStrategyArgs[] = {
    {.name = "maxlen", .type = kPureToken, .token = "MAXLEN"},
    {.name = "minid", .type = kPureToken, .token = "MINID", .since = "6.2.0"},
};
constexpr ArgSpec kXtrimTrimOperatorArgs[] = {
    {.name = "equal", .type = kPureToken, .token = "="},
    {.name = "approximately", .type = kPureToken, .token = "~"},
};
constexpr ArgSpec kXtrimTrimArgs[] = {
    {.name = "strategy", .type = kOneOf, .arguments = kXtrimTrimStrategyArgs},
    {.name = "operator",
     .type = kOneOf,
     .flags = kArgOptional,
     .arguments = kXtrimTrimOperatorArgs},
    {.name = "threshold"},
    {.name = "count", .type = kInteger, .token = "LIMIT", .since = "6.2.0", .flags = kArgOptional},
};
constexpr ArgSpec kXtrimArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "trim", .type = kBlock, .arguments = kXtrimTrimArgs},
};
constexpr CommandSpec kXtrimRow = {
    .name = "xtrim",
    .arity = -4,
    .flags = kWrite,
    .group = CommandGroup::kStream,
    .scope = Scope::kKeys,
    .keys = kXtrimKeys,
    .since = "5.0.0",
    .complexity =
        "O(N), with N being the number of evicted entries. Constant times are very small however, "
        "since entries are organized in macro nodes containing multiple entries that can be "
        "released with a single deallocation.",
    .summary = "Trims the stream to (approximately if '~' is passed) a certain size",
    .history = kXtrimHistory,
    .tips = kXtrimTips,
    .arguments = kXtrimArgs,
    .run = xtrim,
};
constexpr CommandSpec kRows[] = {
    kXackRow,   kXaddRow,       kXautoclaimRow, kXclaimRow,   kXdelRow,
    kXgroupRow, kXinfoRow,      kXlenRow,       kXpendingRow, kXrangeRow,
    kXreadRow,  kXreadgroupRow, kXrevrangeRow,  kXsetidRow,   kXtrimRow,
};

}  // namespace

CommandRows stream_commands() {
  return kRows;
}

}  // namespace kvstash::commands
