// Push: a message of a shard to clients of another that is not a reply: a publication, or the news
// that keys which clients remember (CLIENT TRACKING) have changed.
//
// Pushes are plain values that own what they carry; any thread may use them.
#pragma once

#include "engine/pubsub/channel.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace kvstash::engine {

// Keys, each with the id of the client that changed it last; 0: no client, as when a key expires.
using ChangedKeys = std::map<std::string, uint64_t, std::less<>>;

// A key has changed that `clients` of the shard have read.
struct KeyInvalidation {
  std::string key;
  uint64_t author;
  std::vector<uint64_t> clients;
};

// The keys with a prefix that changed in one turn. Shared by all shards with clients that follow
// the prefix.
struct PrefixInvalidation {
  std::string prefix;
  ChangedKeys keys;
};
using SharedPrefixInvalidation = std::shared_ptr<const PrefixInvalidation>;

// A database was emptied: all keys may have changed.
struct FlushInvalidation {};

// An invalidation for `client` on its way to `target`, the client to which it is redirected.
// `value` is its second element as RESP.
struct RedirectedInvalidation {
  uint64_t target;
  uint64_t client;
  uint32_t home;  // The shard of `client`.
  std::string value;
};

// The answer to a redirected invalidation whose target is gone.
struct BrokenRedirection {
  uint64_t client;
  uint64_t target;
};

// Tells the home of a subscriber that shard `source` has counted a change of its subscriptions to
// these names: publications before the change stand before this message. `join_number` is not 0 if
// the change was counted while all shards were held (Sources::join_number).
struct SubscriptionCounted {
  uint64_t session_id;
  ChannelKind kind;
  size_t source;
  uint64_t join_number;
  std::vector<std::string> names;
};

// A command as monitors see it. All shards share the text.
struct MonitorLine {
  std::shared_ptr<const std::string> text;
};

using Push =
    std::variant<SharedPublication, KeyInvalidation, SharedPrefixInvalidation, FlushInvalidation,
                 RedirectedInvalidation, BrokenRedirection, SubscriptionCounted, MonitorLine>;

// About the bytes that a push takes while it waits in a mailbox. Shared parts count for each shard.
size_t push_bytes(const Push& push);

}  // namespace kvstash::engine
