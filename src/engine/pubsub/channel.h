// Channel: a name that clients subscribe to and publish on. A channel belongs to the shard of its
// name's slot, its *owner*, where all its publications run; see pubsub.h.
//
// These are values and pure functions for any thread.
#pragma once

#include "base/hash.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

// What a subscription is to. Shard channels are a name space of their own, and patterns do not
// match them.
enum class ChannelKind : uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr size_t kChannelKinds = 3;

// Whether a channel is one of keyspace events (notify-keyspace-events). The shard of the key
// publishes there, so subscriptions to such channels, like those to patterns, are known on every
// shard.
inline bool is_key_channel(std::string_view name) {
  return name.starts_with("__key");
}
inline bool is_known_everywhere(ChannelKind kind, std::string_view name) {
  return kind == ChannelKind::kPattern || (kind == ChannelKind::kChannel && is_key_channel(name));
}

// One message on its way to other shards. Shared by all of them, and never changed.
struct Publication {
  ChannelKind kind;  // kChannel or kShardChannel.
  uint32_t source;   // The shard that published it.
  std::string channel;
  std::string payload;
};
using SharedPublication = std::shared_ptr<const Publication>;

// ---- Tables by names that clients choose.

struct NameHash {
  using is_transparent = void;
  HashSeed seed;
  size_t operator()(std::string_view name) const {
    return static_cast<size_t>(keyed_hash(name, seed));
  }
};
template <typename T>
using NameMap = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

}  // namespace kvstash::engine
