// The connections of one shard: which are open, which go on, and what was watched for them.

#include "engine/client/clients.h"

#include "engine/shard.h"
#include "sim/sim_node.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::engine {
namespace {

using test::SimClient;
using test::SimNode;

Session& session_of(SimNode& node, const SimClient& client) {
  Session* session = node.at(client.home()).clients().find(client.id());
  REQUIRE(session != nullptr);
  return *session;
}

SimClient& connected(SimNode& node, size_t home = 0) {
  SimClient& client = node.connect(home);
  REQUIRE(node.ask(client, "PING") == "PONG");
  return client;
}

}  // namespace

TEST_CASE("a connection is found until its socket is gone") {
  SimNode node({.shards = 1});
  Clients& clients = node.at(0).clients();
  SimClient& client = connected(node);
  const uint64_t id = client.id();
  CHECK(clients.find(id) != nullptr);
  CHECK(clients.find(id + 1) == nullptr);
  CHECK(clients.all().size() == 1);
  client.hang_up();
  node.settle();
  CHECK(clients.find(id) == nullptr);
  CHECK(clients.all().empty());
}

TEST_CASE("a killed connection takes no more commands and is closed with the turn") {
  SimNode node({.shards = 1});
  SimClient& client = connected(node);
  Session& session = session_of(node, client);
  node.at(0).clients().kill(session);
  CHECK(session.is_gone());
  CHECK(node.at(0).clients().has_more());
  client.say("PING");
  node.settle();
  CHECK(client.take_text() == "(nothing)");
  CHECK_FALSE(client.is_open());
  CHECK_FALSE(node.at(0).clients().has_more());
}

TEST_CASE("a stopped connection goes on only when its last reason is gone") {
  SimNode node({.shards = 1});
  Clients& clients = node.at(0).clients();
  SimClient& client = connected(node);
  Session& session = session_of(node, client);
  session.stop(kStopMemory);
  session.stop(kStopRate);
  client.say("PING");
  node.settle();
  CHECK(client.take_text() == "(nothing)");
  clients.go_on(session, kStopMemory);
  node.settle();
  CHECK(client.take_text() == "(nothing)");
  clients.go_on(session, kStopRate);
  CHECK(clients.has_more());
  clients.go_on(session, kStopRate);  // It is listed once.
  node.run_for(100);                  // The next turn.
  CHECK(client.take_text() == "PONG");
  CHECK(client.take_text() == "(nothing)");
}

TEST_CASE("those who wait for memory make the shard look soon, and go on when there is room") {
  SimNode node({.shards = 1});
  Clients& clients = node.at(0).clients();
  SimClient& client = connected(node);
  Session& session = session_of(node, client);
  CHECK_FALSE(clients.looks_soon());
  session.stop(kStopMemory);
  clients.wait_for_memory(session);
  clients.wait_for_memory(session);
  CHECK(clients.looks_soon());
  client.say("PING");
  node.run_for(2);
  CHECK(client.take_text() == "PONG");
  CHECK_FALSE(clients.looks_soon());
}

TEST_CASE("what a connection watched is forgotten on the shards of the keys when it goes") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = connected(node);
    for (size_t shard = 0; shard < shards; ++shard)
      REQUIRE(node.ask(client, "WATCH " + node.key_on(shard)) == "OK");
    for (size_t shard = 0; shard < shards; ++shard)
      CHECK_FALSE(node.at(shard).data().watches().empty());
    client.hang_up();
    node.settle();
    for (size_t shard = 0; shard < shards; ++shard)
      CHECK(node.at(shard).data().watches().empty());
  }
}

TEST_CASE("how many replies a connection waits for follows from how large they are") {
  SimNode node({.shards = 1});
  Clients& clients = node.at(0).clients();
  Session& session = session_of(node, connected(node));
  CHECK(session.flight_max == Session::kFlightMin);
  for (int i = 0; i < 5000; ++i)
    clients.learn_reply_size(session, 5);
  CHECK(session.flight_max == Session::kFlightMax);
  clients.learn_reply_size(session, size_t{1} << 20);
  CHECK(session.flight_max == 4);
  clients.learn_reply_size(session, size_t{1} << 30);
  CHECK(session.flight_max == 1);
}

TEST_CASE("a pause holds back, counts whom it holds, and ends for all of them") {
  SimNode node({.shards = 1});
  SimClient& first = connected(node);
  SimClient& second = connected(node);
  CHECK(node.ask(first, "CLIENT PAUSE 1000 WRITE") == "OK");
  first.say("SET a 1");
  second.say("SET b 2");
  node.settle();
  Clients& clients = node.at(0).clients();
  CHECK(clients.paused() == 2);
  node.run_for(999);
  CHECK(first.take_text() == "(nothing)");
  node.run_for(1);
  CHECK(first.take_text() == "OK");
  CHECK(second.take_text() == "OK");
  CHECK(clients.paused() == 0);
}

}  // namespace kvstash::engine
