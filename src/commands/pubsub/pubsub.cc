#include "commands/pubsub/pubsub.h"

#include "base/glob.h"
#include "commands/shared/help.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <algorithm>
#include <any>
#include <memory>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ChannelKind;
using engine::Shard;

using Names = std::vector<std::string>;
using Counts = std::vector<uint64_t>;

Status publish_on(Call& call, ChannelKind kind) {
  const std::string_view channel = call.arg(1);
  engine::PubSub& owner = call.owner_of(channel).pubsub();
  const uint64_t receivers = owner.publish(kind, channel, call.arg(2), call.hold().pushes());
  call.record_as_sent(engine::RecordTarget::kReplicas);  // The AOF needs no messages.
  call.reply().integer(static_cast<int64_t>(receivers));
  return {};
}

// Lists the channels that have subscribers, or those of them that match the pattern if there is
// one.
Status list_channels(Call& call, ChannelKind kind) {
  if (call.argc() > 3) return subcommand_syntax(call);
  const std::string pattern(call.argc() == 3 ? call.arg(2) : "*");
  call.gather<Names>(
      [kind, pattern](Shard& shard) {
        Names names;
        shard.pubsub().each_owned(kind, [&](std::string_view name) {
          if (glob_match(pattern, name)) names.emplace_back(name);
        });
        return names;
      },
      [](std::vector<Names>& parts, resp::ReplyWriter& to) {
        size_t count = 0;
        for (const Names& names : parts)
          count += names.size();
        to.array(count);
        for (const Names& names : parts) {
          for (const std::string& name : names)
            to.bulk(name);
        }
      });
  return {};
}

// Replies each channel with its number of subscribers. Each shard counts only the channels that it
// owns.
Status count_subscribers(Call& call, ChannelKind kind) {
  const auto names =
      std::make_shared<const Names>(call.args_from(2).begin(), call.args_from(2).end());
  call.gather<Counts>(
      [kind, names](Shard& shard) {
        Counts counts(names->size());
        for (size_t i = 0; i < names->size(); ++i) {
          if (shard.set().shard_of((*names)[i]) == shard.id())
            counts[i] = shard.pubsub().audiences().subscribers(kind, (*names)[i]);
        }
        return counts;
      },
      [names](std::vector<Counts>& parts, resp::ReplyWriter& to) {
        to.array(2 * names->size());
        for (size_t i = 0; i < names->size(); ++i) {
          uint64_t count = 0;
          for (const Counts& counts : parts)
            count += counts[i];
          to.bulk((*names)[i]);
          to.integer(static_cast<int64_t>(count));
        }
      });
  return {};
}

}  // namespace

Status publish(Call& call) {
  return publish_on(call, ChannelKind::kChannel);
}

Status spublish(Call& call) {
  return publish_on(call, ChannelKind::kShardChannel);
}

Status pubsub_channels(Call& call) {
  return list_channels(call, ChannelKind::kChannel);
}

Status pubsub_shardchannels(Call& call) {
  return list_channels(call, ChannelKind::kShardChannel);
}

Status pubsub_numsub(Call& call) {
  return count_subscribers(call, ChannelKind::kChannel);
}

Status pubsub_shardnumsub(Call& call) {
  return count_subscribers(call, ChannelKind::kShardChannel);
}

// PUBSUB NUMPAT asks no other shard, because every shard knows all patterns.
Status pubsub_numpat(Call& call) {
  const engine::ChannelTable& table = call.worker().pubsub().audiences();
  call.reply().integer(static_cast<int64_t>(table.names(ChannelKind::kPattern).size()));
  return {};
}

Status pubsub_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]",
      "    Return the currently active channels matching a <pattern> (default: '*').",
      "NUMPAT",
      "    Return number of subscriptions to patterns.",
      "NUMSUB [<channel> ...]",
      "    Return the number of subscribers for the specified channels, excluding",
      "    pattern subscriptions(default: no channels).",
      "SHARDCHANNELS [<pattern>]",
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Return the number of subscribers for the specified shard level channel(s)",
  };
  return reply_help(call, kLines);
}

}  // namespace kvstash::commands
