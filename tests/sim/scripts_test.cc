// Scripts that run for too long, in simulated time: they see the node's clock, their shards answer
// other clients with -BUSY from the threshold on, and SCRIPT KILL ends them.
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::test {
namespace {

constexpr int64_t kTickNs =
    2 * SimClock::kNsPerMs;  // The time that passes at each look of a script at the clock.

engine::EngineOptions with_threshold(int64_t ms) {
  engine::EngineOptions options;
  options.busy_reply_threshold_ms = ms;
  return options;
}

}  // namespace

TEST_CASE("while a script is too slow its shards answer BUSY, until it is killed") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("slow scripts", 1, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .engine = with_threshold(3000)});
      SimClient& slow = node.connect(0);
      SimClient& other = node.connect(shards - 1);
      SimClient& killer = node.connect(shards / 2);
      node.settle();
      node.clock().set_tick_ns(kTickNs);
      slow.say("EVAL \"while true do end\" 0");
      other.say_at(1000, "GET key");
      other.say_at(5000, "GET key");
      killer.say_at(6000, "SCRIPT KILL");
      node.run_until(6500);
      auto busy = other.take();
      REQUIRE(busy);
      CHECK(text_of(busy->reply).starts_with("-BUSY"));
      CHECK(busy->at_ms >= 3000);  // Before that, the script is not too slow.
      CHECK(busy->at_ms < 3500);
      busy = other.take();
      REQUIRE(busy);
      CHECK(text_of(busy->reply).starts_with("-BUSY"));
      CHECK(busy->at_ms >= 5000);
      CHECK(busy->at_ms < 5500);
      CHECK(killer.take_text() == "OK");
      const auto killed = slow.take();
      REQUIRE(killed);
      CHECK(text_of(killed->reply).find("Script killed by user with SCRIPT KILL") !=
            std::string::npos);
      CHECK(killed->at_ms >= 6000);
      CHECK(killed->at_ms < 6500);
      node.clock().set_tick_ns(0);
      CHECK(node.ask(other, "SET key v") == "OK");
    });
  }
}

TEST_CASE("a library may take half a second of the node's time to load") {
  SimNode node({.shards = 1});
  SimClient& client = node.connect(0);
  node.settle();
  node.clock().set_tick_ns(kTickNs);
  const double began_ms = node.now_ms();
  client.say(SimClient::Words{"FUNCTION", "LOAD", "#!lua name=slow\nwhile true do end"});
  node.settle();
  node.clock().set_tick_ns(0);
  const auto reply = client.take();
  REQUIRE(reply);
  CHECK(text_of(reply->reply).find("FUNCTION LOAD timeout") != std::string::npos);
  CHECK(reply->at_ms - began_ms > 500);
  CHECK(reply->at_ms - began_ms < 600);
}

TEST_CASE("time stands still for a script, whatever passes meanwhile") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(shards - 1);
    node.settle();
    node.clock().set_tick_ns(SimClock::kNsPerMs);
    client.say(
        "EVAL \"redis.call('set', 'k', 'v', 'px', 10) local a = redis.call('time') "
        "for i = 1, 5000000 do end local b = redis.call('time') "
        "return {redis.call('get', 'k'), a[1] == b[1] and a[2] == b[2], redis.call('pttl', 'k')}\" "
        "0");
    node.settle();
    node.clock().set_tick_ns(0);
    CHECK(client.take_text() == "[v 1 10]");
    node.run_for(10);
    CHECK(node.ask(client, "GET k") == "nil");
  }
}

}  // namespace kvstash::test
