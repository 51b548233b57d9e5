// How the waits of a shard's connections begin and end, as far as the shard sees it: states,
// counts, the slow log, and waits whose end crosses their beginning between shards. What clients
// hear at what time is in tests/sim/waiting_test.cc.
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

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

uint64_t calls_of(SimNode& node, std::string_view name) {
  const Command& command = *node.set().commands().find(name);
  uint64_t calls = 0;
  for (size_t id = 0; id < node.set().size(); ++id)
    calls += node.at(id).telemetry().of(command).calls;
  return calls;
}

size_t waiting(SimNode& node) {
  size_t count = 0;
  for (size_t id = 0; id < node.set().size(); ++id)
    count += node.at(id).waits().sessions().size();
  return count;
}

}  // namespace

TEST_CASE(
    "a connection that waits is stopped, is not idle, and counts its command when it is over") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    EngineOptions options;
    options.slowlog_log_slower_than_us = 0;
    SimNode node({.shards = shards, .engine = options});
    SimClient& client = node.connect(0);
    client.say("BLPOP " + node.key_on(shards - 1) + " 2");
    node.settle();
    Session& session = session_of(node, client);
    CHECK((session.stopped & kStopWait) != 0);
    CHECK_FALSE(session.is_idle());
    CHECK(waiting(node) == 1);
    CHECK(calls_of(node, "blpop") == 0);
    node.run_for(2000);
    CHECK(client.take_text() == "nil");
    CHECK(session.stopped == 0);
    CHECK(session.is_idle());
    CHECK(session.info.active_ms == node.clock().wall_ms());
    CHECK(waiting(node) == 0);
    CHECK(calls_of(node, "blpop") == 1);
    CHECK(node.ask(client, "SLOWLOG GET 1").find("[BLPOP " + node.key_on(shards - 1) + " 2]") !=
          std::string::npos);
  }
}

TEST_CASE("what a waiting connection sends meanwhile is kept for afterwards") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(0);
    SimClient& other = node.connect(shards - 1);
    client.say("BLPOP list 0\r\nRPUSH seen 1\r\nBLPOP list 0.5\r\nPING");
    node.run_for(1000);
    CHECK(client.take_text() == "(nothing)");
    CHECK(node.ask(other, "EXISTS seen") == "0");
    CHECK(node.ask(other, "RPUSH list a") == "1");
    CHECK(client.take_text() == "[list a]");
    CHECK(client.take_text() == "1");
    node.run_for(499);
    CHECK(client.take_text() == "(nothing)");
    node.run_for(1);
    CHECK(client.take_text() == "nil");
    CHECK(client.take_text() == "PONG");
  }
}

TEST_CASE("a wait that ends before its command is home is answered once") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    test::for_seeds("waits that cross", 40, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      SimClient& client = node.connect(0);
      SimClient& pusher = node.connect(shards - 1);
      node.settle();
      const std::string near = node.key_on(0, random.below(2));
      const std::string far = node.key_on(shards - 1, 2 + random.below(2));
      client.say("BLPOP " + near + " " + far + " 1");
      for (uint64_t steps = random.below(6); steps != 0 && node.step(); --steps) {
      }
      switch (random.below(4)) {
        case 0:
          client.hang_up();
          break;
        case 1:
          pusher.say("CLIENT UNBLOCK " + std::to_string(client.id()));
          break;
        default:
          break;
      }
      pusher.say("MULTI\r\nRPUSH " + near + " a\r\nRPUSH " + far + " b\r\nEXEC");
      for (uint64_t steps = random.below(8); steps != 0 && node.step(); --steps) {
      }
      if (random.one_in(2)) node.clock().move_by(1'000'000'000);  // Its time is over as well.
      node.run_for(2000);
      const std::string heard = client.take_text();
      CHECK(client.take_text() == "(nothing)");
      SimClient& judge = node.connect(0);
      const auto length = [&](const std::string& key) {
        return std::stoul(node.ask(judge, "LLEN " + key));
      };
      const size_t kept = length(near) + length(far);
      if (heard.starts_with("[")) {
        CHECK(kept == 1);
      } else if (client.is_open()) {
        CHECK(heard == "nil");
        CHECK(kept == 2);
      } else {
        CHECK(kept >= 1);
      }
      CHECK(waiting(node) == 0);
      for (size_t id = 0; id < shards; ++id)
        CHECK(node.at(id).data().blocked_keys().empty());
    });
  }
}

TEST_CASE("a client that wants no replies hears of its wait neither when served nor when it ends") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(0);
    SimClient& other = node.connect(shards - 1);
    client.say("CLIENT REPLY OFF\r\nBLPOP list 1");
    node.run_for(500);
    node.ask(other, "RPUSH list a");
    client.say("BLPOP list 1");
    node.run_for(2000);
    CHECK(client.take_text() == "(nothing)");
    CHECK(node.ask(client, "CLIENT REPLY ON") == "OK");
    CHECK(node.ask(client, "LLEN list") == "0");
  }
}

TEST_CASE("a waiter over several shards is tried again until it finds something") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    test::for_seeds("tried again", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      SimClient& client = node.connect(0);
      SimClient& thief = node.connect(1);
      SimClient& pusher = node.connect(shards - 1);
      const std::string first = node.key_on(0);
      const std::string second = node.key_on(1);
      client.say("BLMOVE " + first + " " + second + " LEFT RIGHT 0");
      node.settle();
      // Whether the waiter or the thief gets it is a race; nobody gets it twice, and none is lost.
      for (size_t i = 0; i < 20; ++i) {
        pusher.say("RPUSH " + first + " v");
        thief.say("LPOP " + first);
        node.settle();
        pusher.take();
        const std::string stolen = thief.take_text();
        const std::string moved = client.take_text();
        CHECK((stolen == "v" ? 1 : 0) + (moved == "v" ? 1 : 0) +
                  std::stoi(node.ask(pusher, "LLEN " + first)) ==
              1);
        if (moved == "v") client.say("BLMOVE " + first + " " + second + " LEFT RIGHT 0");
        node.ask(pusher, "DEL " + first);
        node.settle();
      }
      CHECK(waiting(node) == 1);
    });
  }
}

}  // namespace kvstash::engine
