#include "engine/pubsub/pubsub.h"

#include "base/glob.h"
#include "engine/shard.h"

#include <memory>

namespace kvstash::engine {
namespace {

constexpr size_t kSpareTextBytesMax = size_t{64} << 10;

}  // namespace

std::vector<size_t> source_shards(const SubscriptionChange& change, const ShardSet& set) {
  std::vector<bool> is_source(set.size(), false);
  for (const std::string& name : change.names) {
    if (is_known_everywhere(change.kind, name)) {
      is_source.assign(set.size(), true);
    } else {
      is_source[set.shard_of(name)] = true;
    }
  }
  std::vector<size_t> sources;
  for (size_t id = 0; id < set.size(); ++id) {
    if (is_source[id]) sources.push_back(id);
  }
  return sources;
}

PubSub::PubSub(Shard& shard)
    : shard_(&shard), audiences_(shard.set().seed()), subscriptions_(shard.set().seed()) {}

// ---- As a source.

bool PubSub::is_source_of(ChannelKind kind, std::string_view name) const {
  return is_known_everywhere(kind, name) || shard_->set().shard_of(name) == shard_->id();
}

uint64_t PubSub::publish(ChannelKind kind, std::string_view channel, std::string_view payload,
                         Pushes& pushes) {
  uint64_t receivers = 0;
  reached_.assign(shard_->set().size(), false);
  const auto reach = [&](const ChannelTable::Audience& audience) {
    receivers += audience.total;
    for (const ChannelTable::Count& count : audience.by_shard)
      reached_[count.shard] = true;
  };
  if (const ChannelTable::Audience* audience = audiences_.find(kind, channel)) reach(*audience);
  if (kind == ChannelKind::kChannel) {
    for (const auto& [pattern, audience] : audiences_.names(ChannelKind::kPattern)) {
      if (glob_match(pattern, channel)) reach(audience);
    }
  }
  if (receivers == 0) return 0;
  if (reached_.size() == 1) {
    deliver(kind, channel, payload, shard_->id());
    return receivers;
  }
  const auto publication =
      std::make_shared<const Publication>(Publication{.kind = kind,
                                                      .source = static_cast<uint32_t>(shard_->id()),
                                                      .channel = std::string(channel),
                                                      .payload = std::string(payload)});
  for (size_t to = 0; to < reached_.size(); ++to) {
    if (reached_[to]) pushes.add(to, publication);
  }
  return receivers;
}

void PubSub::count(const SubscriptionChange& change) {
  for (const std::string& name : change.names) {
    if (!is_source_of(change.kind, name)) continue;
    if (change.joins) {
      audiences_.add(change.kind, name, change.home);
    } else {
      audiences_.remove(change.kind, name, change.home);
    }
  }
}

// The message to the home stands in the pushes behind what was published before, and in front of
// what is published later.
void PubSub::count_and_settle(const SubscriptionChange& change) {
  count(change);
  std::vector<std::string> names;
  for (const std::string& name : change.names) {
    if (is_source_of(change.kind, name)) names.push_back(name);
  }
  shard_->pushes().add(change.home, SubscriptionCounted{.session_id = change.session_id,
                                                        .kind = change.kind,
                                                        .source = shard_->id(),
                                                        .join_number = 0,
                                                        .names = std::move(names)});
}

void PubSub::each_owned(ChannelKind kind,
                        const std::function<void(std::string_view)>& visit) const {
  const ShardSet& set = shard_->set();
  for (const auto& [name, audience] : audiences_.names(kind)) {
    if (set.shard_of(name) == shard_->id()) visit(name);
  }
}

size_t PubSub::owned_count(ChannelKind kind) const {
  if (shard_->set().size() == 1) return audiences_.names(kind).size();
  size_t owned = 0;
  each_owned(kind, [&](std::string_view) { ++owned; });
  return owned;
}

// ---- As a home.

Sources PubSub::sources_of(ChannelKind kind, std::string_view name) const {
  const size_t shards = shard_->set().size();
  if (shards == 1) return {};
  return {.expected = is_known_everywhere(kind, name) ? shards : 1, .shards = shards};
}

Sources PubSub::sources_held(bool joins) {
  const size_t shards = shard_->set().size();
  if (!joins || shards == 1) return {.expected = 0, .shards = shards};
  return {.expected = 1, .shards = shards, .join_number = ++held_joins_};
}

// The message stands behind what was published before, which is in the mailbox or in the worker's
// pushes.
void PubSub::settle_when_home(const SubscriptionChange& change, uint64_t join_number,
                              Shard& worker) {
  worker.pushes().add(shard_->id(), SubscriptionCounted{.session_id = change.session_id,
                                                        .kind = change.kind,
                                                        .source = shard_->id(),
                                                        .join_number = join_number,
                                                        .names = change.names});
}

void PubSub::settle(const SubscriptionCounted& counted) {
  Session* session = shard_->clients().find(counted.session_id);
  if (session == nullptr) return;
  for (const std::string& name : counted.names) {
    if (counted.join_number != 0) {
      subscriptions_.settle_join(*session, counted.kind, name, counted.join_number);
    } else {
      subscriptions_.settle(*session, counted.kind, name, counted.source);
    }
  }
}

template <typename WriteMessage>
void PubSub::tell(const Topic& topic, size_t source, WriteMessage&& write) {
  for (const Subscription* listener : topic.listeners) {
    Session& session = *listener->session;
    if (!listener->hears(source) || session.is_gone()) continue;
    const resp::RespVersion version = session.caller.resp;
    resp::ReplyBuffer& text = texts_[version == resp::RespVersion::k3];
    if (text.empty()) {
      resp::ReplyWriter writer(text, version);
      write(writer);
    }
    shard_->clients().push(session, text.view());
  }
  for (resp::ReplyBuffer& text : texts_) {
    text.clear();
    if (text.capacity() > kSpareTextBytesMax) text.release();
  }
}

void PubSub::deliver(ChannelKind kind, std::string_view channel, std::string_view payload,
                     size_t source) {
  const bool is_shard_channel = kind == ChannelKind::kShardChannel;
  if (const Topic* topic = subscriptions_.find(kind, channel)) {
    tell(*topic, source, [&](resp::ReplyWriter& to) {
      to.push(3);
      to.bulk(is_shard_channel ? "smessage" : "message");
      to.bulk(channel);
      to.bulk(payload);
    });
  }
  if (is_shard_channel) return;
  for (const auto& [pattern, topic] : subscriptions_.topics(ChannelKind::kPattern)) {
    if (!glob_match(pattern, channel)) continue;
    tell(topic, source, [&, name = std::string_view(pattern)](resp::ReplyWriter& to) {
      to.push(4);
      to.bulk("pmessage");
      to.bulk(name);
      to.bulk(channel);
      to.bulk(payload);
    });
  }
}

void PubSub::leave_all(Session& session) {
  std::vector<std::vector<std::string>> names(kChannelKinds);
  subscriptions_.leave_all(session, [&](ChannelKind kind, std::string_view name) {
    names[static_cast<size_t>(kind)].emplace_back(name);
  });
  for (size_t i = 0; i < kChannelKinds; ++i) {
    if (names[i].empty()) continue;
    tell_sources({.kind = static_cast<ChannelKind>(i),
                  .joins = false,
                  .session_id = session.info.id,
                  .home = shard_->id(),
                  .names = std::move(names[i])});
  }
}

// Tells the sources by message, even this shard itself, because earlier messages may still be on
// their way.
void PubSub::tell_sources(SubscriptionChange change) {
  ShardSet& set = shard_->set();
  if (set.size() == 1) {
    count(change);
    return;
  }
  const std::vector<size_t> sources = source_shards(change, set);
  const auto shared = std::make_shared<const SubscriptionChange>(std::move(change));
  for (const size_t source : sources)
    set.submit(source, [shared](Shard& shard) { shard.pubsub().count(*shared); });
}

}  // namespace kvstash::engine
