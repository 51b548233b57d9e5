// PubSub: one shard's part in publish/subscribe.
//
// A channel's *owner*, the shard of its name's slot, counts the subscribers that each shard has.
// PUBLISH runs there: it knows at once how many will hear it, and sends one message to each shard
// with subscribers, which tells its own sessions. So all hear the publications of a channel in the
// same order. Patterns, and the channels of keyspace events, are counted on every shard: the shard
// of a key publishes what happened to it. See docs/decisions/0019-publish-subscribe.md.
//
// Lives on a shard, is used by whoever holds it.
#pragma once

#include "engine/pubsub/channel.h"
#include "engine/pubsub/channel_table.h"
#include "engine/pubsub/push.h"
#include "engine/pubsub/subscriptions.h"
#include "resp/reply_writer.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Pushes;
class Shard;
class ShardSet;

// Names that a session begins or ceases to listen to, for the shards that count them.
struct SubscriptionChange {
  ChannelKind kind;
  bool joins;
  uint64_t session_id;
  size_t home;  // The session's shard.
  std::vector<std::string> names;
};

// The shards that publish to some of its names.
std::vector<size_t> source_shards(const SubscriptionChange& change, const ShardSet& set);

class PubSub {
 public:
  explicit PubSub(Shard& shard);

  // ---- As a source of publications.
  // Sends to all who listen, by the pushes of the thread that executes; how many there are.
  uint64_t publish(ChannelKind kind, std::string_view channel, std::string_view payload,
                   Pushes& pushes);
  // Counts those names of a change that this shard publishes to.
  void count(const SubscriptionChange& change);
  // The same, asked by message: tells the home from when on that holds (SubscriptionCounted).
  void count_and_settle(const SubscriptionChange& change);
  const ChannelTable& audiences() const { return audiences_; }
  // Channels and patterns with subscribers. Known everywhere: counted by the owner alone.
  size_t owned_count(ChannelKind kind) const;
  void each_owned(ChannelKind kind, const std::function<void(std::string_view)>& visit) const;

  // ---- As the home of sessions.
  Subscriptions& subscriptions() { return subscriptions_; }
  const Subscriptions& subscriptions() const { return subscriptions_; }
  // The answers that a change of `name` has to wait for.
  Sources sources_of(ChannelKind kind, std::string_view name) const;
  // The same of a command while all shards are held: one join may have to wait for what is in the
  // mailbox (settle_when_home), and to leave is over at once.
  Sources sources_held(bool joins);
  // All shards are held, and count a join that sources_held numbered: it hears what is published
  // from now on. `worker` is the shard whose thread this is.
  void settle_when_home(const SubscriptionChange& change, uint64_t join_number, Shard& worker);
  // That has come home, or what a source counted.
  void settle(const SubscriptionCounted& counted);
  void deliver(ChannelKind kind, std::string_view channel, std::string_view payload, size_t source);
  // The session unsubscribes from everything, without a word: it leaves, or was reset.
  void leave_all(Session& session);

 private:
  bool is_source_of(ChannelKind kind, std::string_view name) const;
  void tell_sources(SubscriptionChange change);
  template <typename WriteMessage>
  void tell(const Topic& topic, size_t source, WriteMessage&& write);

  Shard* shard_;
  ChannelTable audiences_;
  Subscriptions subscriptions_;
  uint64_t held_joins_ = 0;
  std::vector<bool> reached_;   // Scratch: the shards that one publication goes to.
  resp::ReplyBuffer texts_[2];  // Scratch: a message, as RESP2 and as RESP3.
};

}  // namespace kvstash::engine
