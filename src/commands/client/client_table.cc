#include "commands/client/client.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kClientCachingMode[] = {
    {.name = "yes", .type = kPureToken, .token = "YES"},
    {.name = "no", .type = kPureToken, .token = "NO"},
};
constexpr ArgSpec kClientCachingArgs[] = {
    {.name = "mode", .type = kOneOf, .arguments = kClientCachingMode},
};
constexpr CommandSpec kClientCachingRow = {
    .name = "caching",
    .arity = 3,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Instruct the server about tracking or not keys in the next request",
    .arguments = kClientCachingArgs,
    .run = client_caching,
};

constexpr CommandSpec kClientGetnameRow = {
    .name = "getname",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "2.6.9",
    .complexity = "O(1)",
    .summary = "Get the current connection name",
    .run = client_getname,
};

constexpr CommandSpec kClientGetredirRow = {
    .name = "getredir",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.0.0",
    .complexity = "O(1)",
    .summary = "Get tracking notifications redirection client ID if any",
    .run = client_getredir,
};

constexpr CommandSpec kClientHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = client_help,
};

constexpr CommandSpec kClientIdRow = {
    .name = "id",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "5.0.0",
    .complexity = "O(1)",
    .summary = "Returns the client ID for the current connection",
    .run = client_id,
};

constexpr CommandSpec kClientInfoRow = {
    .name = "info",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Returns information about the current client connection.",
    .tips = kVaries,
    .run = client_info,
};

constexpr HistoryNote kClientKillHistory[] = {
    {"2.8.12", "Added new filter format."},
    {"2.8.12", "`ID` option."},
    {"3.2.0", "Added `master` type in for `TYPE` option."},
    {"5.0.0",
     "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."},
    {"6.2.0", "`LADDR` option."},
};
constexpr ArgSpec kClientKillFilterNewFormatNormalMasterSlavePubsub[] = {
    {.name = "normal", .type = kPureToken, .token = "NORMAL"},
    {.name = "master", .type = kPureToken, .token = "MASTER", .since = "3.2.0"},
    {.name = "slave", .type = kPureToken, .token = "SLAVE"},
    {.name = "replica", .type = kPureToken, .token = "REPLICA", .since = "5.0.0"},
    {.name = "pubsub", .type = kPureToken, .token = "PUBSUB"},
};
constexpr ArgSpec kClientKillFilterNewFormat[] = {
    {.name = "client-id",
     .type = kInteger,
     .token = "ID",
     .since = "2.8.12",
     .flags = kArgOptional},
    {.name = "normal_master_slave_pubsub",
     .type = kOneOf,
     .token = "TYPE",
     .since = "2.8.12",
     .flags = kArgOptional,
     .arguments = kClientKillFilterNewFormatNormalMasterSlavePubsub},
    {.name = "username", .token = "USER", .flags = kArgOptional},
    {.name = "ip:port", .token = "ADDR", .flags = kArgOptional},
    {.name = "ip:port", .token = "LADDR", .since = "6.2.0", .flags = kArgOptional},
    {.name = "yes/no", .token = "SKIPME", .flags = kArgOptional},
};
constexpr ArgSpec kClientKillFilter[] = {
    {.name = "ip:port", .deprecated_since = "2.8.12"},
    {.name = "new-format",
     .type = kOneOf,
     .flags = kArgMultiple,
     .arguments = kClientKillFilterNewFormat},
};
constexpr ArgSpec kClientKillArgs[] = {
    {.name = "filter", .type = kOneOf, .arguments = kClientKillFilter},
};
constexpr CommandSpec kClientKillRow = {
    .name = "kill",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "2.4.0",
    .complexity = "O(N) where N is the number of client connections",
    .summary = "Kill the connection of a client",
    .history = kClientKillHistory,
    .arguments = kClientKillArgs,
    .run = client_kill,
};

constexpr HistoryNote kClientListHistory[] = {
    {"2.8.12", "Added unique client `id` field."},
    {"5.0.0", "Added optional `TYPE` filter."},
    {"6.0.0", "Added `user` field."},
    {"6.2.0",
     "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."},
    {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."},
    {"7.0.3", "Added `ssub` field."},
};
constexpr ArgSpec kClientListNormalMasterReplicaPubsub[] = {
    {.name = "normal", .type = kPureToken, .token = "NORMAL"},
    {.name = "master", .type = kPureToken, .token = "MASTER"},
    {.name = "replica", .type = kPureToken, .token = "REPLICA"},
    {.name = "pubsub", .type = kPureToken, .token = "PUBSUB"},
};
constexpr ArgSpec kClientListId[] = {
    {.name = "client-id", .type = kInteger, .flags = kArgMultiple},
};
constexpr ArgSpec kClientListArgs[] = {
    {.name = "normal_master_replica_pubsub",
     .type = kOneOf,
     .token = "TYPE",
     .since = "5.0.0",
     .flags = kArgOptional,
     .arguments = kClientListNormalMasterReplicaPubsub},
    {.name = "id",
     .type = kBlock,
     .token = "ID",
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kClientListId},
};
constexpr CommandSpec kClientListRow = {
    .name = "list",
    .arity = -2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "2.4.0",
    .complexity = "O(N) where N is the number of client connections",
    .summary = "Get the list of client connections",
    .history = kClientListHistory,
    .tips = kVaries,
    .arguments = kClientListArgs,
    .run = client_list,
};

constexpr ArgSpec kClientNoEvictEnabled[] = {
    {.name = "on", .type = kPureToken, .token = "ON"},
    {.name = "off", .type = kPureToken, .token = "OFF"},
};
constexpr ArgSpec kClientNoEvictArgs[] = {
    {.name = "enabled", .type = kOneOf, .arguments = kClientNoEvictEnabled},
};
constexpr CommandSpec kClientNoEvictRow = {
    .name = "no-evict",
    .arity = 3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "7.0.0",
    .complexity = "O(1)",
    .summary = "Set client eviction mode for the current connection",
    .arguments = kClientNoEvictArgs,
    .run = client_no_evict,
};

constexpr CommandSpec kClientNoTouchRow = {
    .name = "no-touch",
    .arity = 3,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "7.2.0",
    .complexity = "O(1)",
    .summary = "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
    .arguments = kClientNoEvictArgs,
    .run = client_no_touch,
};

constexpr HistoryNote kClientPauseHistory[] = {
    {"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."},
};
constexpr ArgSpec kClientPauseMode[] = {
    {.name = "write", .type = kPureToken, .token = "WRITE"},
    {.name = "all", .type = kPureToken, .token = "ALL"},
};
constexpr ArgSpec kClientPauseArgs[] = {
    {.name = "timeout", .type = kInteger},
    {.name = "mode",
     .type = kOneOf,
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kClientPauseMode},
};
constexpr CommandSpec kClientPauseRow = {
    .name = "pause",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "2.9.50",
    .complexity = "O(1)",
    .summary = "Stop processing commands from clients for some time",
    .history = kClientPauseHistory,
    .arguments = kClientPauseArgs,
    .run = client_pause,
};

constexpr ArgSpec kClientReplyOnOffSkip[] = {
    {.name = "on", .type = kPureToken, .token = "ON"},
    {.name = "off", .type = kPureToken, .token = "OFF"},
    {.name = "skip", .type = kPureToken, .token = "SKIP"},
};
constexpr ArgSpec kClientReplyArgs[] = {
    {.name = "on_off_skip", .type = kOneOf, .arguments = kClientReplyOnOffSkip},
};
constexpr CommandSpec kClientReplyRow = {
    .name = "reply",
    .arity = 3,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "3.2.0",
    .complexity = "O(1)",
    .summary = "Instruct the server whether to reply to commands",
    .arguments = kClientReplyArgs,
    .run = client_reply,
};

constexpr ArgSpec kClientSetinfoAttr[] = {
    {.name = "libname", .token = "lib-name"},
    {.name = "libver", .token = "lib-ver"},
};
constexpr ArgSpec kClientSetinfoArgs[] = {
    {.name = "attr", .type = kOneOf, .arguments = kClientSetinfoAttr},
};
constexpr CommandSpec kClientSetinfoRow = {
    .name = "setinfo",
    .arity = 4,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "7.2.0",
    .complexity = "O(1)",
    .summary = "Sets information specific to the client or connection.",
    .arguments = kClientSetinfoArgs,
    .run = client_setinfo,
};

constexpr ArgSpec kClientSetnameArgs[] = {
    {.name = "connection-name"},
};
constexpr CommandSpec kClientSetnameRow = {
    .name = "setname",
    .arity = 3,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "2.6.9",
    .complexity = "O(1)",
    .summary = "Set the current connection name",
    .arguments = kClientSetnameArgs,
    .run = client_setname,
};

constexpr ArgSpec kClientTrackingStatus[] = {
    {.name = "on", .type = kPureToken, .token = "ON"},
    {.name = "off", .type = kPureToken, .token = "OFF"},
};
constexpr ArgSpec kClientTrackingArgs[] = {
    {.name = "status", .type = kOneOf, .arguments = kClientTrackingStatus},
    {.name = "client-id", .type = kInteger, .token = "REDIRECT", .flags = kArgOptional},
    {.name = "prefix", .token = "PREFIX", .flags = kArgOptional | kArgMultiple | kArgMultipleToken},
    {.name = "bcast", .type = kPureToken, .token = "BCAST", .flags = kArgOptional},
    {.name = "optin", .type = kPureToken, .token = "OPTIN", .flags = kArgOptional},
    {.name = "optout", .type = kPureToken, .token = "OPTOUT", .flags = kArgOptional},
    {.name = "noloop", .type = kPureToken, .token = "NOLOOP", .flags = kArgOptional},
};
constexpr CommandSpec kClientTrackingRow = {
    .name = "tracking",
    .arity = -3,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "6.0.0",
    .complexity = "O(1). Some options may introduce additional complexity.",
    .summary = "Enable or disable server assisted client side caching support",
    .arguments = kClientTrackingArgs,
    .run = client_tracking,
};

constexpr CommandSpec kClientTrackinginfoRow = {
    .name = "trackinginfo",
    .arity = 2,
    .flags = kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary =
        "Return information about server assisted client side caching for the current connection",
    .run = client_trackinginfo,
};

constexpr ArgSpec kClientUnblockTimeoutError[] = {
    {.name = "timeout", .type = kPureToken, .token = "TIMEOUT"},
    {.name = "error", .type = kPureToken, .token = "ERROR"},
};
constexpr ArgSpec kClientUnblockArgs[] = {
    {.name = "client-id", .type = kInteger},
    {.name = "timeout_error",
     .type = kOneOf,
     .flags = kArgOptional,
     .arguments = kClientUnblockTimeoutError},
};
constexpr CommandSpec kClientUnblockRow = {
    .name = "unblock",
    .arity = -3,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "5.0.0",
    .complexity = "O(log N) where N is the number of client connections",
    .summary = "Unblock a client blocked in a blocking command from a different connection",
    .arguments = kClientUnblockArgs,
    .run = client_unblock,
};

constexpr CommandSpec kClientUnpauseRow = {
    .name = "unpause",
    .arity = 2,
    .flags = kAdmin | kNoScript | kLoading | kStale,
    .group = CommandGroup::kConnection,
    .scope = Scope::kGather,
    .since = "6.2.0",
    .complexity = "O(N) Where N is the number of paused clients",
    .summary = "Resume processing of clients that were paused",
    .run = client_unpause,
};

constexpr CommandSpec kClientSubcommands[] = {
    kClientCachingRow,  kClientTrackingRow, kClientTrackinginfoRow, kClientGetnameRow,
    kClientGetredirRow, kClientHelpRow,     kClientIdRow,           kClientInfoRow,
    kClientKillRow,     kClientListRow,     kClientNoEvictRow,      kClientNoTouchRow,
    kClientPauseRow,    kClientReplyRow,    kClientSetinfoRow,      kClientSetnameRow,
    kClientUnblockRow,  kClientUnpauseRow};
constexpr CommandSpec kClientRow = {
    .name = "client",
    .arity = -2,
    .group = CommandGroup::kConnection,
    .scope = Scope::kSession,
    .since = "2.4.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for client connection commands",
    .subcommands = kClientSubcommands,
};

constexpr CommandSpec kRows[] = {
    kClientRow,
};

}  // namespace

CommandRows client_commands() {
  return kRows;
}

}  // namespace kvstash::commands
