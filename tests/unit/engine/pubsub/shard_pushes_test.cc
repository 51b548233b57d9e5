// What a shard does with pushes for its own sessions: who hears them, and who leaves too many
// unread.
#include "engine/shard.h"
#include "sim/sim_node.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::engine {
namespace {

using test::SimClient;
using test::SimNode;

Session* session_of(SimNode& node, const SimClient& client, uint64_t id) {
  return node.at(client.home()).clients().find(id);
}

}  // namespace

TEST_CASE("a subscriber that does not read is closed when it has too much unread, others are not") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    EngineOptions options;
    options.client_output_buffer_limit[static_cast<size_t>(ClientClass::kPubsub)] = {
        .hard_bytes = 20'000, .soft_bytes = 0, .soft_s = 0};
    SimNode node({.shards = shards, .engine = options});
    SimClient& reads = node.connect(0);
    SimClient& sleeps = node.connect(0);
    node.ask(reads, "SUBSCRIBE c");
    node.ask(sleeps, "SUBSCRIBE c");
    const uint64_t id = sleeps.id();
    sleeps.set_reading(false);
    SimClient& publisher = node.connect(shards - 1);
    const std::string payload(1000, 'p');
    for (size_t i = 0; i < 15; ++i)
      REQUIRE(node.ask(publisher, "PUBLISH c " + payload) == "2");
    CHECK(session_of(node, sleeps, id) != nullptr);
    for (size_t i = 0; i < 10; ++i)
      node.ask(publisher, "PUBLISH c " + payload);
    CHECK(session_of(node, sleeps, id) == nullptr);
    CHECK_FALSE(sleeps.is_open());
    CHECK(node.at(0).stats().output_limit_passed == 1);
    CHECK(node.ask(publisher, "PUBLISH c x") == "1");
    size_t heard = 0;
    while (reads.take())
      ++heard;
    CHECK(heard == 26);
  }
}

TEST_CASE("a client without a limit on its replies has one on what it is told unasked") {
  EngineOptions options;
  options.client_unsent_reply_limit_bytes = 10'000;
  SimNode node({.shards = 1, .engine = options});
  SimClient& sleeps = node.connect3(0);
  node.ask(sleeps, "CLIENT TRACKING ON BCAST");
  sleeps.set_reading(false);
  SimClient& writer = node.connect(0);
  const std::string name(500, 'k');
  for (size_t i = 0; i < 15; ++i)
    node.ask(writer, "SET " + name + std::to_string(i) + " v");
  CHECK(sleeps.is_open());
  for (size_t i = 0; i < 15; ++i)
    node.ask(writer, "SET " + name + std::to_string(i) + " v");
  CHECK_FALSE(sleeps.is_open());
}

TEST_CASE("large publications leave in the middle of a turn, so that they do not pile up") {
  SimNode node({.shards = 2});
  SimClient& listener = node.connect(0);
  node.ask(listener, "SUBSCRIBE c");
  node.settle();
  const auto message = std::make_shared<const Publication>(
      Publication{.kind = ChannelKind::kChannel,
                  .source = 1,
                  .channel = "c",
                  .payload = std::string(size_t{300} << 10, 'p')});
  const size_t heard_before = listener.transcript().size();
  const PushBox box({message, message}, kLsnNone, 0);
  node.at(0).receive_pushes(box, true);
  CHECK(listener.transcript().size() == heard_before);
  node.at(0).receive_pushes(box, true);
  CHECK(listener.transcript().size() > heard_before + (size_t{1} << 20));
}

TEST_CASE("who made too many pushes waits, and goes on when they are well below the bound") {
  SimNode node({.shards = 2});
  SimClient& publisher = node.connect(0);
  CHECK(node.ask(publisher, "PUBLISH c x") == "0");
  node.set().pushes_under_way = ShardSet::kPushBytesMax + 1;
  publisher.say("PUBLISH c y");
  node.run_for(100);
  CHECK(publisher.take_text() == "(nothing)");
  node.set().pushes_under_way = ShardSet::kPushBytesMax / 2 + 1;
  node.run_for(100);
  CHECK(publisher.take_text() == "(nothing)");
  node.set().pushes_under_way = 0;
  const double freed_ms = node.now_ms();
  node.run_for(100);
  const auto reply = publisher.take();
  REQUIRE(reply);
  CHECK(test::text_of(reply->reply) == "0");
  CHECK(reply->at_ms <= freed_ms + 2);
}

TEST_CASE(
    "a push is never inside a reply, and comes after the replies to what was sent before it") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(seed);
      SimNode node({.shards = shards, .seed = seed});
      SimClient& client = node.connect3(0);
      node.ask(client, "SUBSCRIBE c");
      for (size_t i = 0; i < 30; ++i)
        client.say("MULTI\r\nSET " + node.key_on(i % shards) + " v\r\nPUBLISH c " +
                   std::to_string(i) + "\r\nEXEC");
      node.settle();
      size_t pushes = 0;
      size_t replies = 0;
      while (const auto heard = client.take()) {
        if (heard->is_push()) {
          CHECK(heard->reply.items.at(2).text == std::to_string(pushes++));
        } else {
          ++replies;
        }
      }
      CHECK(pushes == 30);
      CHECK(replies == 4 * 30);
    }
  }
}

}  // namespace kvstash::engine
