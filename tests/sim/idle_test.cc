// For how long clients have been idle, in simulated time, and which do not count as idle. The
// server closes clients that are idle for too long (`timeout`), which is not tested here.
#include "sim/sim_node.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::test {
namespace {

// The number behind `name=` in the line of CLIENT LIST for the client.
std::string shown(SimNode& node, SimClient& asks, const SimClient& of, const std::string& name) {
  const std::string line = node.ask(asks, "CLIENT LIST ID " + std::to_string(of.id()));
  const size_t at = line.find(" " + name + "=");
  REQUIRE(at != std::string::npos);
  const size_t from = at + name.size() + 2;
  return line.substr(from, line.find(' ', from) - from);
}

bool is_idle(SimNode& node, const SimClient& client) {
  const engine::Session* session = node.at(client.home()).clients().find(client.id());
  REQUIRE(session != nullptr);
  return session->is_idle();
}

}  // namespace

TEST_CASE("a client is idle since it last sent or was sent something") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& operator_ = node.connect(0);
    SimClient& client = node.connect(shards - 1);
    node.run_for(1000);
    CHECK(node.ask(client, "PING") == "PONG");
    node.run_for(6999);
    CHECK(shown(node, operator_, client, "idle") == "6");
    CHECK(shown(node, operator_, client, "age") == "7");
    node.run_for(1);
    CHECK(shown(node, operator_, client, "idle") == "7");
    CHECK(shown(node, operator_, client, "age") == "8");
    CHECK(is_idle(node, client));
    client.send_bytes("PI");  // A part of a command counts as well.
    node.run_for(500);
    CHECK(shown(node, operator_, client, "idle") == "0");
  }
}

TEST_CASE("a client that the server keeps waiting is not idle until it is answered") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& operator_ = node.connect(0);
    SimClient& waits = node.connect(shards - 1);
    SimClient& paused = node.connect(shards - 1);
    SimClient& listens = node.connect(shards - 1);
    node.ask(listens, "SUBSCRIBE c");
    waits.say("BLPOP list 3600");
    node.settle();
    node.ask(operator_, "CLIENT PAUSE 180000 WRITE");
    paused.say("SET k v");
    node.run_for(100'000);
    for (const SimClient* client : {&waits, &paused, &listens})
      CHECK_FALSE(is_idle(node, *client));
    node.run_for(100'000);
    CHECK(paused.take_text() == "OK");
    CHECK(is_idle(node, paused));
    CHECK(shown(node, operator_, paused, "idle") == "20");
    node.ask(operator_, "RPUSH list v");
    CHECK(waits.take_text() == "[list v]");
    CHECK(is_idle(node, waits));
    CHECK(shown(node, operator_, waits, "idle") == "0");
    CHECK(node.ask(listens, "UNSUBSCRIBE") != "(nothing)");
    CHECK(is_idle(node, listens));
  }
}

TEST_CASE("a client that does not read what it was answered is idle") {
  engine::EngineOptions options;
  options.client_unsent_reply_limit_bytes = 10'000;
  SimNode node({.shards = 1, .engine = options});
  SimClient& client = node.connect(0);
  node.ask(client, "SET k " + std::string(5000, 'v'));
  client.set_reading(false);
  for (size_t i = 0; i < 20; ++i)
    client.say("GET k");
  node.run_for(60'000);
  const engine::Session* session = node.at(0).clients().find(client.id());
  REQUIRE(session != nullptr);
  CHECK((session->stopped & engine::kStopOutput) != 0);
  CHECK(session->is_idle());
  CHECK(node.clock().wall_ms() - session->info.active_ms >= 59'000);
  client.set_reading(true);
  node.settle();
  CHECK(node.clock().wall_ms() == session->info.active_ms);
  for (size_t i = 0; i < 20; ++i)
    CHECK(client.take_text().size() == 5000);
}

}  // namespace kvstash::test
