#include "engine/pubsub/channel_table.h"

#include <doctest/doctest.h>

namespace kvstash::engine {
namespace {

using enum ChannelKind;

TEST_CASE("subscribers are counted by shard, and forgotten with the last") {
  ChannelTable table(HashSeed{1, 2, 3});
  CHECK(table.find(kChannel, "a") == nullptr);
  table.add(kChannel, "a", 0);
  table.add(kChannel, "a", 3);
  table.add(kChannel, "a", 3);
  const ChannelTable::Audience* audience = table.find(kChannel, "a");
  REQUIRE(audience != nullptr);
  CHECK(audience->total == 3);
  REQUIRE(audience->by_shard.size() == 2);
  CHECK(audience->by_shard[1].shard == 3);
  CHECK(audience->by_shard[1].subscribers == 2);
  table.remove(kChannel, "a", 0);
  CHECK(table.find(kChannel, "a")->by_shard.size() == 1);
  table.remove(kChannel, "a", 3);
  CHECK(table.subscribers(kChannel, "a") == 1);
  table.remove(kChannel, "a", 3);
  CHECK(table.subscribers(kChannel, "a") == 0);
  CHECK(table.names(kChannel).empty());
}

TEST_CASE("channels, patterns and shard channels of one name are different things") {
  ChannelTable table(HashSeed{1, 2, 3});
  table.add(kChannel, "a", 0);
  table.add(kPattern, "a", 0);
  CHECK(table.subscribers(kShardChannel, "a") == 0);
  table.remove(kChannel, "a", 0);
  CHECK(table.subscribers(kPattern, "a") == 1);
}

TEST_CASE("keyspace events are heard by patterns and by channels of their name alone") {
  ChannelTable table(HashSeed{1, 2, 3});
  table.add(kChannel, "news", 0);
  table.add(kShardChannel, "__keyspace@0__:k", 0);
  CHECK_FALSE(table.hears_keys());
  table.add(kChannel, "__keyevent@0__:del", 1);
  table.add(kChannel, "__keyevent@0__:del", 0);
  CHECK(table.hears_keys());
  table.remove(kChannel, "__keyevent@0__:del", 1);
  CHECK(table.hears_keys());
  table.remove(kChannel, "__keyevent@0__:del", 0);
  CHECK_FALSE(table.hears_keys());
  table.add(kPattern, "x", 0);
  CHECK(table.hears_keys());
}

}  // namespace
}  // namespace kvstash::engine
