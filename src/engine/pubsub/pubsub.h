// PubSub: one shard's part in publish/subscribe.
//
// A channel's *owner*, the shard of its name's slot, counts the subscribers that each shard has.
// PUBLISH runs there: it knows at once how many subscribers there are, and sends one message to
// each shard with subscribers, which tells its own sessions. So all subscribers get the
// publications of a channel in the same order. Patterns, and the channels of keyspace events, are
// counted on every shard: the shard of a key publishes the key's events. See
// docs/decisions/0019-publish-subscribe.md.
//
// Lives on a shard and is used by the thread that holds it.
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

// Names that a session subscribes to or unsubscribes from, for the shards that count them.
struct SubscriptionChange {
  ChannelKind kind;
  bool joins;
  uint64_t session_id;
  size_t home;  // The session's shard.
  std::vector<std::string> names;
};

// The shards that publish to at least one name of the change.
std::vector<size_t> source_shards(const SubscriptionChange& change, const ShardSet& set);

class PubSub {
 public:
  explicit PubSub(Shard& shard);

  // ---- As a source of publications.
  // Sends a publication to all subscribers, by the pushes of the executing thread; returns how many
  // subscribers there are.
  uint64_t publish(ChannelKind kind, std::string_view channel, std::string_view payload,
                   Pushes& pushes);
  // Counts the names of a change that this shard publishes to.
  void count(const SubscriptionChange& change);
  // As count(), for a change that came by message: tells the session's home from when on it is
  // counted (SubscriptionCounted).
  void count_and_settle(const SubscriptionChange& change);
  const ChannelTable& audiences() const { return audiences_; }
  // The channels or patterns with subscribers. A name that is known on every shard is counted by
  // its owner alone.
  size_t owned_count(ChannelKind kind) const;
  void each_owned(ChannelKind kind, const std::function<void(std::string_view)>& visit) const;

  // ---- As the home of sessions.
  Subscriptions& subscriptions() { return subscriptions_; }
  const Subscriptions& subscriptions() const { return subscriptions_; }
  // The number of sources whose answers a change of the subscription to `name` has to wait for.
  Sources sources_of(ChannelKind kind, std::string_view name) const;
  // As sources_of(), for a command that holds all shards: a join may have to wait for the messages
  // that are in the mailbox (settle_when_home), and a leave is over at once.
  Sources sources_held(bool joins);
  // Called while all shards are held, for a join that they count already and that sources_held()
  // numbered: sends the home a message behind all earlier publications, which ends the join.
  // `worker` is the shard whose thread this is.
  void settle_when_home(const SubscriptionChange& change, uint64_t join_number, Shard& worker);
  // Handles the message that a source has counted a subscription, or that a join has come home.
  void settle(const SubscriptionCounted& counted);
  void deliver(ChannelKind kind, std::string_view channel, std::string_view payload, size_t source);
  // Ends all subscriptions of a session that is closed or was reset; the client is not told.
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
  std::vector<bool> reached_;   // Scratch: the shards that get one publication.
  resp::ReplyBuffer texts_[2];  // Scratch: a message, as RESP2 and as RESP3.
};

}  // namespace kvstash::engine
