#include "engine/pubsub/subscriptions.h"

#include "engine/client/session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

using enum ChannelKind;

constexpr Sources kAtOnce{.expected = 0, .shards = 4};
constexpr Sources kOneOwner{.expected = 1, .shards = 4};
constexpr Sources kEveryShard{.expected = 4, .shards = 4};

// Whether the one listener of a channel hears a shard.
bool hears(const Subscriptions& table, ChannelKind kind, std::string_view name, size_t source) {
  const Topic* topic = table.find(kind, name);
  return topic != nullptr && topic->listeners.front()->hears(source);
}

TEST_CASE("a session subscribes once to a name, and its subscriptions are counted") {
  Subscriptions table(HashSeed{1, 2, 3});
  Session session;
  CHECK_FALSE(session.is_subscriber());
  CHECK(table.join(session, kChannel, "a", kAtOnce));
  CHECK_FALSE(table.join(session, kChannel, "a", kAtOnce));
  CHECK(table.join(session, kPattern, "a", kAtOnce));
  CHECK(session.subscription_count(kChannel) == 1);
  CHECK(session.subscription_count(kPattern) == 1);
  CHECK(table.session_count() == 1);
  CHECK_FALSE(table.leave(session, kChannel, "b", kAtOnce));
  CHECK(table.leave(session, kChannel, "a", kAtOnce));
  CHECK(session.is_subscriber());
  CHECK(table.leave(session, kPattern, "a", kAtOnce));
  CHECK_FALSE(session.is_subscriber());
  CHECK(table.session_count() == 0);
  CHECK(table.topics(kChannel).empty());
}

TEST_CASE("a subscription hears a source from its answer on") {
  Subscriptions table(HashSeed{1, 2, 3});
  Session session;
  table.join(session, kChannel, "a", kOneOwner);
  CHECK_FALSE(hears(table, kChannel, "a", 2));
  table.settle(session, kChannel, "a", 2);
  CHECK(hears(table, kChannel, "a", 2));

  table.join(session, kPattern, "p", kEveryShard);
  for (const size_t source : {3, 0, 2}) {
    CHECK_FALSE(hears(table, kPattern, "p", source));
    table.settle(session, kPattern, "p", source);
    CHECK(hears(table, kPattern, "p", source));
  }
  CHECK_FALSE(hears(table, kPattern, "p", 1));
  table.settle(session, kPattern, "p", 1);
  CHECK(hears(table, kPattern, "p", 1));
}

TEST_CASE("one that leaves hears a source until its answer, and is forgotten with the last") {
  Subscriptions table(HashSeed{1, 2, 3});
  Session session;
  table.join(session, kPattern, "p", kAtOnce);
  CHECK(table.leave(session, kPattern, "p", kEveryShard));
  CHECK_FALSE(table.leave(session, kPattern, "p", kEveryShard));
  CHECK(session.subscription_count(kPattern) == 0);
  for (const size_t source : {1, 0, 3}) {
    CHECK(hears(table, kPattern, "p", source));
    table.settle(session, kPattern, "p", source);
    CHECK_FALSE(hears(table, kPattern, "p", source));
  }
  CHECK(session.is_subscriber());
  table.settle(session, kPattern, "p", 2);
  CHECK_FALSE(session.is_subscriber());
  CHECK(table.find(kPattern, "p") == nullptr);
}

TEST_CASE("who leaves a channel of many leaves the others in it") {
  Subscriptions table(HashSeed{1, 2, 3});
  std::vector<Session> sessions(10);
  for (Session& session : sessions)
    table.join(session, kChannel, "a", kAtOnce);
  for (const size_t index : {9, 0, 4})
    table.leave(sessions[index], kChannel, "a", kAtOnce);
  const Topic* topic = table.find(kChannel, "a");
  REQUIRE(topic != nullptr);
  CHECK(topic->listeners.size() == 7);
  for (size_t i = 0; i < topic->listeners.size(); ++i)
    CHECK(topic->listeners[i]->position == i);
  for (Session& session : sessions)
    table.leave_all(session, [](ChannelKind, std::string_view) {});
  CHECK(table.find(kChannel, "a") == nullptr);
  CHECK(table.session_count() == 0);
}

TEST_CASE("a session that ends tells what is still counted, not what is leaving already") {
  Subscriptions table(HashSeed{1, 2, 3});
  Session session;
  table.join(session, kChannel, "here", kAtOnce);
  table.join(session, kChannel, "coming", kOneOwner);
  table.join(session, kChannel, "going", kAtOnce);
  table.join(session, kShardChannel, "s", kAtOnce);
  table.leave(session, kChannel, "going", kOneOwner);
  std::vector<std::string> told;
  table.leave_all(session, [&](ChannelKind, std::string_view name) { told.emplace_back(name); });
  std::ranges::sort(told);
  CHECK(told == std::vector<std::string>{"coming", "here", "s"});
  CHECK_FALSE(session.is_subscriber());
  // Answers that come too late.
  table.settle(session, kChannel, "coming", 1);
  table.settle(session, kChannel, "going", 1);
  CHECK(table.topics(kChannel).empty());
}

}  // namespace
}  // namespace kvstash::engine
