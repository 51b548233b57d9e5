#include "commands/pubsub/pubsub.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

// Shard channels are declared like keys, so that clients find the node they belong to.
constexpr KeySpec kOneShardChannel[] = {key_at(1, kKeyNotKey)};
constexpr KeySpec kManyShardChannels[] = {keys_from(1, -1, 1, kKeyNotKey)};

constexpr ArgSpec kPsubscribePattern[] = {
    {.name = "pattern", .type = kPattern},
};
constexpr ArgSpec kPsubscribeArgs[] = {
    {.name = "pattern", .type = kBlock, .flags = kArgMultiple, .arguments = kPsubscribePattern},
};
constexpr CommandSpec kPsubscribeRow = {
    .name = "psubscribe",
    .arity = -2,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of patterns the client is already subscribed to.",
    .summary = "Listen for messages published to channels matching the given patterns",
    .arguments = kPsubscribeArgs,
    .run = psubscribe,
};

constexpr ArgSpec kPublishArgs[] = {
    {.name = "channel"},
    {.name = "message"},
};
constexpr CommandSpec kPublishRow = {
    .name = "publish",
    .arity = 3,
    .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kChannel,
    .since = "2.0.0",
    .complexity =
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the "
        "total number of subscribed patterns (by any client).",
    .summary = "Post a message to a channel",
    .arguments = kPublishArgs,
    .run = publish,
};

constexpr ArgSpec kPubsubChannelsArgs[] = {
    {.name = "pattern", .type = kPattern, .flags = kArgOptional},
};
constexpr CommandSpec kPubsubChannelsRow = {
    .name = "channels",
    .arity = -2,
    .flags = kPubSub | kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.8.0",
    .complexity =
        "O(N) where N is the number of active channels, and assuming constant time pattern "
        "matching (relatively short channels and patterns)",
    .summary = "List active channels",
    .arguments = kPubsubChannelsArgs,
    .run = pubsub_channels,
};

constexpr CommandSpec kPubsubHelpRow = {
    .name = "help",
    .arity = 2,
    .flags = kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kSession,
    .since = "6.2.0",
    .complexity = "O(1)",
    .summary = "Show helpful text about the different subcommands",
    .run = pubsub_help,
};

constexpr CommandSpec kPubsubNumpatRow = {
    .name = "numpat",
    .arity = 2,
    .flags = kPubSub | kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kSession,
    .since = "2.8.0",
    .complexity = "O(1)",
    .summary = "Get the count of unique patterns pattern subscriptions",
    .run = pubsub_numpat,
};

constexpr ArgSpec kPubsubNumsubArgs[] = {
    {.name = "channel", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kPubsubNumsubRow = {
    .name = "numsub",
    .arity = -2,
    .flags = kPubSub | kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.8.0",
    .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
    .summary = "Get the count of subscribers for channels",
    .arguments = kPubsubNumsubArgs,
    .run = pubsub_numsub,
};

constexpr ArgSpec kPubsubShardchannelsArgs[] = {
    {.name = "pattern", .type = kPattern, .flags = kArgOptional},
};
constexpr CommandSpec kPubsubShardchannelsRow = {
    .name = "shardchannels",
    .arity = -2,
    .flags = kPubSub | kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "7.0.0",
    .complexity =
        "O(N) where N is the number of active shard channels, and assuming constant time pattern "
        "matching (relatively short shard channels).",
    .summary = "List active shard channels",
    .arguments = kPubsubShardchannelsArgs,
    .run = pubsub_shardchannels,
};

constexpr ArgSpec kPubsubShardnumsubArgs[] = {
    {.name = "shardchannel", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kPubsubShardnumsubRow = {
    .name = "shardnumsub",
    .arity = -2,
    .flags = kPubSub | kLoading | kStale,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "7.0.0",
    .complexity =
        "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
    .summary = "Get the count of subscribers for shard channels",
    .arguments = kPubsubShardnumsubArgs,
    .run = pubsub_shardnumsub,
};

constexpr CommandSpec kPubsubSubcommands[] = {kPubsubChannelsRow,      kPubsubHelpRow,
                                              kPubsubNumpatRow,        kPubsubNumsubRow,
                                              kPubsubShardchannelsRow, kPubsubShardnumsubRow};
constexpr CommandSpec kPubsubRow = {
    .name = "pubsub",
    .arity = -2,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kSession,
    .since = "2.8.0",
    .complexity = "Depends on subcommand.",
    .summary = "A container for Pub/Sub commands",
    .subcommands = kPubsubSubcommands,
};

constexpr ArgSpec kPunsubscribeArgs[] = {
    {.name = "pattern", .type = kPattern, .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kPunsubscribeRow = {
    .name = "punsubscribe",
    .arity = -1,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.0.0",
    .complexity =
        "O(N+M) where N is the number of patterns the client is already subscribed and M is the "
        "number of total patterns subscribed in the system (by any client).",
    .summary = "Stop listening for messages posted to channels matching the given patterns",
    .arguments = kPunsubscribeArgs,
    .run = punsubscribe,
};

constexpr ArgSpec kSpublishArgs[] = {
    {.name = "shardchannel"},
    {.name = "message"},
};
constexpr CommandSpec kSpublishRow = {
    .name = "spublish",
    .arity = 3,
    .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kChannel,
    .keys = kOneShardChannel,
    .since = "7.0.0",
    .complexity =
        "O(N) where N is the number of clients subscribed to the receiving shard channel.",
    .summary = "Post a message to a shard channel",
    .arguments = kSpublishArgs,
    .run = spublish,
};

constexpr ArgSpec kSsubscribeArgs[] = {
    {.name = "shardchannel", .flags = kArgMultiple},
};
constexpr CommandSpec kSsubscribeRow = {
    .name = "ssubscribe",
    .arity = -2,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .keys = kManyShardChannels,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of shard channels to subscribe to.",
    .summary = "Listen for messages published to the given shard channels",
    .arguments = kSsubscribeArgs,
    .run = ssubscribe,
};

constexpr ArgSpec kSubscribeArgs[] = {
    {.name = "channel", .flags = kArgMultiple},
};
constexpr CommandSpec kSubscribeRow = {
    .name = "subscribe",
    .arity = -2,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of channels to subscribe to.",
    .summary = "Listen for messages published to the given channels",
    .arguments = kSubscribeArgs,
    .run = subscribe,
};

constexpr ArgSpec kSunsubscribeArgs[] = {
    {.name = "shardchannel", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kSunsubscribeRow = {
    .name = "sunsubscribe",
    .arity = -1,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .keys = kManyShardChannels,
    .since = "7.0.0",
    .complexity = "O(N) where N is the number of clients already subscribed to a shard channel.",
    .summary = "Stop listening for messages posted to the given shard channels",
    .arguments = kSunsubscribeArgs,
    .run = sunsubscribe,
};

constexpr ArgSpec kUnsubscribeArgs[] = {
    {.name = "channel", .flags = kArgOptional | kArgMultiple},
};
constexpr CommandSpec kUnsubscribeRow = {
    .name = "unsubscribe",
    .arity = -1,
    .flags = kPubSub | kNoScript | kLoading | kStale | kPushReply | kSubscribers,
    .group = CommandGroup::kPubSub,
    .scope = Scope::kGather,
    .since = "2.0.0",
    .complexity = "O(N) where N is the number of clients already subscribed to a channel.",
    .summary = "Stop listening for messages posted to the given channels",
    .arguments = kUnsubscribeArgs,
    .run = unsubscribe,
};

constexpr CommandSpec kRows[] = {kPsubscribeRow,   kPublishRow,      kPubsubRow,
                                 kPunsubscribeRow, kSpublishRow,     kSsubscribeRow,
                                 kSubscribeRow,    kSunsubscribeRow, kUnsubscribeRow};

}  // namespace

CommandRows pubsub_commands() {
  return kRows;
}

}  // namespace kvstash::commands
