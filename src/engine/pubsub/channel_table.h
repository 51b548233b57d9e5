// ChannelTable: how many subscribers each shard has, for the channels that this shard owns, and for
// names that are known on every shard: patterns and the channels of keyspace events.
//
// Names without subscribers are forgotten. Lives on a shard.
#pragma once

#include "engine/pubsub/channel.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class ChannelTable {
 public:
  struct Count {
    uint32_t shard;
    uint64_t subscribers;  // Never 0.
  };
  struct Audience {
    uint64_t total = 0;
    std::vector<Count> by_shard;  // The shards that have subscribers.
  };
  using Names = NameMap<Audience>;

  explicit ChannelTable(const HashSeed& seed);

  // Adds or removes one subscriber on `shard`. Removing a subscriber that was not added is a bug.
  void add(ChannelKind kind, std::string_view name, size_t shard);
  void remove(ChannelKind kind, std::string_view name, size_t shard);

  // Null: there are no subscribers. Valid until the next change.
  const Audience* find(ChannelKind kind, std::string_view name) const;
  uint64_t subscribers(ChannelKind kind, std::string_view name) const {
    const Audience* audience = find(kind, name);
    return audience == nullptr ? 0 : audience->total;
  }
  const Names& names(ChannelKind kind) const { return names_[static_cast<size_t>(kind)]; }

  // Whether any subscription may match a channel of keyspace events.
  bool hears_keys() const { return key_channels_ != 0 || !names(ChannelKind::kPattern).empty(); }

 private:
  std::array<Names, kChannelKinds> names_;
  size_t key_channels_ = 0;
};

}  // namespace kvstash::engine
