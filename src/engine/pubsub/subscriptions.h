// Subscriptions: which sessions of one shard subscribe to which channels.
//
// A subscription is made in two steps: it is entered here first, then at its *sources*, the shards
// that publish to it (the channel's owner, or all shards). It *hears* a source from the moment that
// the source counts it until the source no longer counts it, so that a publisher's count is exact.
// The messages that carry publications carry these moments as well, in order.
//
// Owned by a shard and used on its thread. The pointers to sessions are valid, because a session
// leaves all its subscriptions before it ends.
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
  size_t position = 0;  // Index in the topic's list.
  bool is_leaving = false;
  uint64_t join_number = 0;   // Number of a join while all shards were held; else 0.
  size_t unsettled = 0;       // Number of sources that have not yet answered.
  std::vector<bool> settled;  // By source: has it answered? Used while unsettled is not 0.

  bool hears(size_t source) const { return unsettled == 0 || settled[source] != is_leaving; }
};

// A name, with its subscriptions on this shard.
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
  // Subscriptions that are not about to leave.
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

// How many answers of sources a change has to wait for, and how many shards there are.
struct Sources {
  size_t expected = 0;  // Answers to wait for; 0: the change is complete at once.
  size_t shards = 1;
  uint64_t join_number = 0;  // Set while all shards are held: the number for settle_join.
};

class Subscriptions {
 public:
  explicit Subscriptions(const HashSeed& seed);

  // Enters a subscription. False: the session is subscribed already.
  bool join(Session& session, ChannelKind kind, std::string_view name, const Sources& sources);
  // Begins to leave; with no answers to expect, the subscription ends at once. False: the session
  // is not subscribed.
  bool leave(Session& session, ChannelKind kind, std::string_view name, const Sources& sources);
  // Called when `source` has counted the subscription, or no longer counts it. With the answer of
  // the last source, a subscription that leaves is forgotten.
  void settle(Session& session, ChannelKind kind, std::string_view name, size_t source);
  // Called when all that was published before the join of that number, made while all shards were
  // held, has come home.
  void settle_join(Session& session, ChannelKind kind, std::string_view name, uint64_t number);
  // Forgets all subscriptions of a session, and calls `visit(kind, name)` for those that their
  // sources still count.
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
