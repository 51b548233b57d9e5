// Subscriptions: which sessions of one shard listen to which channels.
//
// A subscription comes about in two steps: it is entered here first, then at its *sources*, the
// shards that publish to it (the channel's owner, or all shards). It *hears* a source from the
// moment that source counts it, and until the source counts it no more, so that a publisher's count
// is exact. The same messages that carry publications carry those moments, in order.
//
// Owned by a shard and used on its thread. Listeners point at sessions, which leave before they
// end.
#pragma once

#include "engine/pubsub/channel.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

class Session;
struct Topic;

struct Subscription {
  Topic* topic;
  Session* session;
  size_t position = 0;  // In the topic's list.
  bool is_leaving = false;
  uint64_t join_number = 0;   // Of a join while all shards were held.
  size_t unsettled = 0;       // Sources that have not yet answered.
  std::vector<bool> settled;  // By source, while some are not.

  bool hears(size_t source) const { return unsettled == 0 || settled[source] != is_leaving; }
};

// A name, and who listens to it on this shard.
struct Topic {
  std::string_view name;
  std::vector<Subscription*> listeners;
};

// What one session subscribes to.
class SubscriptionSet {
 public:
  using Names = std::unordered_map<std::string_view, std::unique_ptr<Subscription>, NameHash>;

  explicit SubscriptionSet(const NameHash& hash)
      : names_{Names(0, hash), Names(0, hash), Names(0, hash)} {}

  const Names& names(ChannelKind kind) const { return names_[static_cast<size_t>(kind)]; }
  // Those that are not about to leave.
  size_t count(ChannelKind kind) const { return counts_[static_cast<size_t>(kind)]; }
  size_t memory_bytes() const { return bytes_; }

 private:
  friend class Subscriptions;
  Names& names_of(ChannelKind kind) { return names_[static_cast<size_t>(kind)]; }
  size_t& count_of(ChannelKind kind) { return counts_[static_cast<size_t>(kind)]; }

  std::array<Names, kChannelKinds> names_;
  std::array<size_t, kChannelKinds> counts_{};
  size_t bytes_ = 0;
};

// How many shards publish to a name, and how many there are.
struct Sources {
  size_t expected = 0;  // Answers to wait for; 0: it hears everybody at once.
  size_t shards = 1;
  uint64_t join_number = 0;  // While all shards are held: what settle_join will be told.
};

class Subscriptions {
 public:
  explicit Subscriptions(const HashSeed& seed);

  // False: it is subscribed already.
  bool join(Session& session, ChannelKind kind, std::string_view name, const Sources& sources);
  // Begins to leave; with no answers to expect, it is over at once. False: it is not subscribed.
  bool leave(Session& session, ChannelKind kind, std::string_view name, const Sources& sources);
  // `source` has counted it, or counts it no more. With the last one, a subscription that leaves is
  // forgotten.
  void settle(Session& session, ChannelKind kind, std::string_view name, size_t source);
  // All that was published before the join of that number, while all shards were held, is home.
  void settle_join(Session& session, ChannelKind kind, std::string_view name, uint64_t number);
  // Forgets all of a session, telling `visit(kind, name)` what its sources still count.
  template <typename Visit>
  void leave_all(Session& session, Visit&& visit);

  const Topic* find(ChannelKind kind, std::string_view name) const;
  const NameMap<Topic>& topics(ChannelKind kind) const {
    return topics_[static_cast<size_t>(kind)];
  }
  size_t session_count() const { return sessions_; }  // Sessions with a subscription.

 private:
  Subscription* find(Session& session, ChannelKind kind, std::string_view name);
  void erase(Subscription& subscription, ChannelKind kind);
  void drop_from_topic(const Subscription& subscription, ChannelKind kind);
  void end(Session& session);
  static std::unique_ptr<SubscriptionSet>& set_of(Session& session);

  NameHash hash_;
  std::array<NameMap<Topic>, kChannelKinds> topics_;
  size_t sessions_ = 0;
};

template <typename Visit>
void Subscriptions::leave_all(Session& session, Visit&& visit) {
  const std::unique_ptr<SubscriptionSet>& set = set_of(session);
  if (set == nullptr) return;
  for (size_t i = 0; i < kChannelKinds; ++i) {
    const auto kind = static_cast<ChannelKind>(i);
    for (const auto& [name, subscription] : set->names(kind)) {
      if (!subscription->is_leaving) visit(kind, name);
    }
    for (const auto& [name, subscription] : set->names(kind))
      drop_from_topic(*subscription, kind);
  }
  end(session);
}

}  // namespace kvstash::engine
