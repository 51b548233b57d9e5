#include "engine/pubsub/subscriptions.h"

#include "base/ensure.h"
#include "engine/client/session.h"

namespace kvstash::engine {
namespace {

size_t footprint(std::string_view name) {
  // About the bytes of a subscription with its nodes in both tables.
  return sizeof(Subscription) + 2 * name.size() + 64;
}

}  // namespace

Subscriptions::Subscriptions(const HashSeed& seed)
    : hash_{seed},
      topics_{NameMap<Topic>(0, hash_), NameMap<Topic>(0, hash_), NameMap<Topic>(0, hash_)} {}

std::unique_ptr<SubscriptionSet>& Subscriptions::set_of(Session& session) {
  return session.subscriptions;
}

bool Subscriptions::join(Session& session, ChannelKind kind, std::string_view name,
                         const Sources& sources) {
  std::unique_ptr<SubscriptionSet>& set = set_of(session);
  if (set == nullptr) {
    set = std::make_unique<SubscriptionSet>(hash_);
    ++sessions_;
  }
  if (set->names(kind).contains(name)) return false;
  NameMap<Topic>& topics = topics_[static_cast<size_t>(kind)];
  auto at = topics.find(name);
  if (at == topics.end()) {
    at = topics.emplace(name, Topic()).first;
    at->second.name = at->first;
  }
  Topic& topic = at->second;
  auto subscription = std::make_unique<Subscription>(Subscription{
      .topic = &topic, .session = &session, .position = topic.listeners.size(), .settled = {}});
  if (sources.expected != 0) {
    subscription->join_number = sources.join_number;
    subscription->unsettled = sources.expected;
    subscription->settled.assign(sources.shards, false);
  }
  topic.listeners.push_back(subscription.get());
  set->names_of(kind).emplace(topic.name, std::move(subscription));
  ++set->count_of(kind);
  set->bytes_ += footprint(name);
  return true;
}

bool Subscriptions::leave(Session& session, ChannelKind kind, std::string_view name,
                          const Sources& sources) {
  Subscription* subscription = find(session, kind, name);
  if (subscription == nullptr || subscription->is_leaving) return false;
  ensure(subscription->unsettled == 0 || sources.expected == 0);
  --set_of(session)->count_of(kind);
  subscription->is_leaving = true;
  subscription->unsettled = sources.expected;
  if (sources.expected == 0) {
    erase(*subscription, kind);
  } else {
    subscription->settled.assign(sources.shards, false);
  }
  return true;
}

void Subscriptions::settle(Session& session, ChannelKind kind, std::string_view name,
                           size_t source) {
  Subscription* subscription = find(session, kind, name);
  if (subscription == nullptr || subscription->unsettled == 0) return;
  subscription->settled[source] = true;
  if (--subscription->unsettled != 0) return;
  subscription->settled = {};
  if (subscription->is_leaving) erase(*subscription, kind);
}

void Subscriptions::settle_join(Session& session, ChannelKind kind, std::string_view name,
                                uint64_t number) {
  Subscription* subscription = find(session, kind, name);
  if (subscription == nullptr || subscription->join_number != number) return;
  subscription->unsettled = 0;
  subscription->settled = {};
}

const Topic* Subscriptions::find(ChannelKind kind, std::string_view name) const {
  const auto at = topics(kind).find(name);
  return at == topics(kind).end() ? nullptr : &at->second;
}

Subscription* Subscriptions::find(Session& session, ChannelKind kind, std::string_view name) {
  const std::unique_ptr<SubscriptionSet>& set = set_of(session);
  if (set == nullptr) return nullptr;
  const auto at = set->names(kind).find(name);
  return at == set->names(kind).end() ? nullptr : at->second.get();
}

void Subscriptions::erase(Subscription& subscription, ChannelKind kind) {
  Session& session = *subscription.session;
  SubscriptionSet& set = *set_of(session);
  SubscriptionSet::Names& names = set.names_of(kind);
  const auto node = names.extract(names.find(subscription.topic->name));
  set.bytes_ -= footprint(node.key());
  drop_from_topic(*node.mapped(), kind);
  for (size_t i = 0; i < kChannelKinds; ++i) {
    if (!set.names(static_cast<ChannelKind>(i)).empty()) return;
  }
  end(session);
}

// Removes the subscription from its topic's list; the last one takes its position.
void Subscriptions::drop_from_topic(const Subscription& subscription, ChannelKind kind) {
  Topic& topic = *subscription.topic;
  Subscription* last = topic.listeners.back();
  last->position = subscription.position;
  topic.listeners[subscription.position] = last;
  topic.listeners.pop_back();
  if (!topic.listeners.empty()) return;
  NameMap<Topic>& topics = topics_[static_cast<size_t>(kind)];
  topics.erase(topics.find(topic.name));
}

void Subscriptions::end(Session& session) {
  set_of(session).reset();
  --sessions_;
}

}  // namespace kvstash::engine
