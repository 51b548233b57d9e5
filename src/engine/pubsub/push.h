// Push: what a shard has for clients of another that is no reply: a publication, or the news that
// keys which clients remember (CLIENT TRACKING) have changed.
//
// Plain values that own what they carry; any thread.
#pragma once

#include "engine/pubsub/channel.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace kvstash::engine {

// Keys and who changed them last, by client id; 0: nobody, as when a key expires.
using ChangedKeys = std::map<std::string, uint64_t, std::less<>>;

// A key that clients of the shard have read.
struct KeyInvalidation {
  std::string key;
  uint64_t author;
  std::vector<uint64_t> clients;
};

// What changed of a prefix in one turn. Shared by all shards with clients who follow it.
struct PrefixInvalidation {
  std::string prefix;
  ChangedKeys keys;
};
using SharedPrefixInvalidation = std::shared_ptr<const PrefixInvalidation>;

// Everything: a database was emptied.
struct FlushInvalidation {};

// One client's invalidation on its way to the client it is redirected to. `value` is its second
// element as RESP.
struct RedirectedInvalidation {
  uint64_t target;
  uint64_t client;
  uint32_t home;  // The client's.
  std::string value;
};

// The answer if that target is gone.
struct BrokenRedirection {
  uint64_t client;
  uint64_t target;
};

// To the home of a subscriber: shard `source` has counted a change of its subscriptions to these
// names, and what was published before stands before this. `join_number` is not 0 if that was done
// while all shards were held (Sources::join_number).
struct SubscriptionCounted {
  uint64_t session_id;
  ChannelKind kind;
  size_t source;
  uint64_t join_number;
  std::vector<std::string> names;
};

// A command, as monitors see it. Shared by all shards.
struct MonitorLine {
  std::shared_ptr<const std::string> text;
};

using Push =
    std::variant<SharedPublication, KeyInvalidation, SharedPrefixInvalidation, FlushInvalidation,
                 RedirectedInvalidation, BrokenRedirection, SubscriptionCounted, MonitorLine>;

// About what it takes while it waits in a mailbox. What is shared counts for each shard.
size_t push_bytes(const Push& push);

}  // namespace kvstash::engine
