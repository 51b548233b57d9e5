#include "engine/pubsub/pushes.h"

#include "engine/shard.h"
#include "sim/sim_node.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace kvstash::engine {
namespace {

SharedPublication publication(std::string channel, std::string payload) {
  return std::make_shared<const Publication>(Publication{.kind = ChannelKind::kChannel,
                                                         .source = 0,
                                                         .channel = std::move(channel),
                                                         .payload = std::move(payload)});
}

}  // namespace

TEST_CASE("a push counts with what it carries, and never as nothing") {
  CHECK(push_bytes(FlushInvalidation{}) == sizeof(Push));
  CHECK(push_bytes(BrokenRedirection{.client = 1, .target = 2}) == sizeof(Push));
  CHECK(push_bytes(publication("chan", "payload")) == sizeof(Push) + 11);
  CHECK(push_bytes(KeyInvalidation{.key = "abc", .author = 1, .clients = {1, 2}}) ==
        sizeof(Push) + 3 + 2 * sizeof(uint64_t));
  CHECK(push_bytes(RedirectedInvalidation{.target = 1, .client = 2, .home = 0, .value = "12345"}) ==
        sizeof(Push) + 5);
  const auto news = std::make_shared<const PrefixInvalidation>(
      PrefixInvalidation{.prefix = "pre", .keys = {{"pre1", 7}, {"pre22", 8}}});
  CHECK(push_bytes(SharedPrefixInvalidation(news)) == sizeof(Push) + 3 + 4 + 5);
}

TEST_CASE(
    "pushes leave when they are flushed, one message for each shard, and count until received") {
  test::SimNode node({.shards = 3});
  node.settle();
  ShardSet& set = node.set();
  Pushes pushes(set);
  pushes.send(kLsnNone);
  for (size_t id = 0; id < 3; ++id)
    CHECK(node.at(id).traffic().mailbox().is_empty());
  pushes.add(1, publication("c", "1"));
  pushes.add(1, publication("c", "22"));
  pushes.add(2, FlushInvalidation{});
  CHECK(set.pushes_under_way == 0);
  CHECK(node.at(1).traffic().mailbox().is_empty());
  pushes.send(kLsnNone);
  CHECK(set.pushes_under_way == 3 * sizeof(Push) + 5);
  CHECK(node.at(0).traffic().mailbox().is_empty());
  CHECK_FALSE(node.at(1).traffic().mailbox().is_empty());
  CHECK_FALSE(node.at(2).traffic().mailbox().is_empty());
  node.settle();
  CHECK(set.pushes_under_way == 0);
  pushes.send(kLsnNone);  // They were sent once.
  CHECK(node.at(1).traffic().mailbox().is_empty());
}

TEST_CASE("a session hears the pushes of one shard in the order in which they were made") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    test::SimNode node({.shards = shards});
    test::SimClient& listener = node.connect(0);
    node.ask(listener, "SUBSCRIBE c");
    test::SimClient& publisher = node.connect(shards - 1);
    for (size_t i = 0; i < 50; ++i)
      publisher.say("PUBLISH c " + std::to_string(i));
    node.settle();
    for (size_t i = 0; i < 50; ++i)
      REQUIRE(listener.take_text() == "[message c " + std::to_string(i) + "]");
  }
}

TEST_CASE("who made a change has no reply before those who cache the key were told") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(seed);
      test::SimNode node({.shards = shards, .seed = seed});
      test::SimClient& reader = node.connect3(0);
      node.ask(reader, "CLIENT TRACKING ON");
      node.ask(reader, "GET " + node.key_on(shards - 1));
      test::SimClient& writer = node.connect(shards - 1);
      node.settle();
      writer.say("SET " + node.key_on(shards - 1) + " v");
      std::string written = "(nothing)";
      while (written == "(nothing)" && node.step())
        written = writer.take_text();
      REQUIRE(written == "OK");
      // The news is in the mailbox of the reader's shard by now, before anything that follows.
      reader.say("PING");
      node.settle();
      CHECK(reader.take_text() == ">[invalidate [" + node.key_on(shards - 1) + "]]");
      CHECK(reader.take_text() == "PONG");
    }
  }
}

}  // namespace kvstash::engine
