// Keys and fields expire in simulated time at the very millisecond, whether or not a client reads
// them.
#include "base/random.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace kvstash::test {
namespace {

engine::EngineOptions with_events() {
  engine::EngineOptions options;
  options.notify_keyspace_events = engine::notify::kKeyevent | engine::notify::kAll;
  return options;
}

// A random time from a few milliseconds to some minutes.
uint64_t some_ms(Random& random) {
  constexpr uint64_t kBounds[] = {20, 1000, 30'000, 200'000};
  return 1 + random.below(kBounds[random.below(4)]);
}

}  // namespace

TEST_CASE("keys and fields go at their millisecond without anybody looking") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("expiry without reads", 3, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .engine = with_events()});
      Random random(seed);
      SimClient& listener = node.connect3(random.below(shards));
      node.ask(listener, "PSUBSCRIBE __keyevent@0__:*expired");
      SimClient& client = node.connect(random.below(shards));
      std::map<std::string, double> due_ms;  // By key.
      for (size_t i = 0; i < 60; ++i) {
        const uint64_t after_ms = some_ms(random);
        const std::string after = std::to_string(after_ms);
        const std::string key = "key" + std::to_string(i);
        due_ms[key] = node.now_ms() + static_cast<double>(after_ms);
        switch (random.below(5)) {
          case 0:
            node.ask(client, "SET " + key + " v PX " + after);
            break;
          case 1:
            node.ask(client, "RPUSH " + key + " v");
            REQUIRE(node.ask(client, "PEXPIRE " + key + " " + after) == "1");
            break;
          case 2: {
            const int64_t at = node.clock().wall_ms() + static_cast<int64_t>(after_ms);
            node.ask(client, "SET " + key + " v PXAT " + std::to_string(at));
            break;
          }
          case 3:  // The later deadline counts.
            node.ask(client, "SET " + key + " v PX 3");
            node.ask(client, "PEXPIRE " + key + " " + after);
            break;
          default:
            node.ask(client, "HSET " + key + " f v g w");
            REQUIRE(node.ask(client, "HPEXPIRE " + key + " " + after + " FIELDS 1 f") == "[1]");
        }
        if (random.one_in(4)) node.run_for(static_cast<double>(random.below(3)));
      }
      node.run_for(200'000);
      std::map<std::string, double> gone_ms;
      while (const auto event = listener.take()) {
        const std::string& key = event->reply.items.at(3).text;
        CHECK(gone_ms.emplace(key, event->at_ms).second);
      }
      CHECK(gone_ms == due_ms);
    });
  }
}

TEST_CASE("who reads sees a key until its millisecond, and not from then on") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("expiry with reads", 2, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      for (size_t id = 0; id < shards; ++id)
        node.at(id).active_expire = random.one_in(2);
      SimClient& client = node.connect(random.below(shards));
      for (size_t i = 0; i < 20; ++i) {
        const uint64_t after_ms = 1 + some_ms(random);
        const std::string key = "key" + std::to_string(i);
        node.ask(client, "SET " + key + " v PX " + std::to_string(after_ms));
        node.ask(client, "HSET h" + key + " f v");
        node.ask(client, "HPEXPIRE h" + key + " " + std::to_string(after_ms) + " FIELDS 1 f");
        node.run_for(static_cast<double>(after_ms) - 1);
        CHECK(node.ask(client, "GET " + key) == "v");
        CHECK(node.ask(client, "PTTL " + key) == "1");
        CHECK(node.ask(client, "HGET h" + key + " f") == "v");
        CHECK(node.ask(client, "HPTTL h" + key + " FIELDS 1 f") == "[1]");
        node.run_for(0.999);
        CHECK(node.ask(client, "GET " + key) == "v");
        node.run_for(0.001);
        CHECK(node.ask(client, "EXISTS " + key) == "0");
        CHECK(node.ask(client, "GET " + key) == "nil");
        CHECK(node.ask(client, "HGET h" + key + " f") == "nil");
        CHECK(node.ask(client, "EXISTS h" + key) == "0");
      }
    });
  }
}

TEST_CASE("a wall clock that is set moves deadlines, but not the time that clients wait") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(0);
    SimClient& waiting = node.connect(shards - 1);
    node.ask(client, "SET far v PX 3600000");
    node.ask(client, "SET near v PX 1000");
    waiting.say("BLPOP list 10");
    node.settle();
    node.clock().jump_wall_ms(-60'000);
    const uint64_t steps = node.steps();
    node.run_for(5000);
    CHECK(node.steps() - steps < shards * 100);  // The shards sleep as before.
    CHECK(node.ask(client, "PTTL near") == "56000");
    node.clock().jump_wall_ms(3'700'000);
    node.run_for(200);  // The crons read both clocks again.
    CHECK(node.ask(client, "DBSIZE") == "0");
    node.run_for(10'000);
    const auto timeout = waiting.take();
    REQUIRE(timeout);
    CHECK(timeout->reply.is_null());
    CHECK(timeout->at_ms == 10'000);
  }
}

TEST_CASE("a pause keeps expired keys, which nobody sees, and they go when it ends") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(0);
    for (size_t i = 0; i < 20; ++i)
      node.ask(client, "SET key" + std::to_string(i) + " v PX 50");
    node.ask(client, "CLIENT PAUSE 1000 WRITE");
    node.run_for(999);
    CHECK(node.ask(client, "DBSIZE") == "20");
    CHECK(node.ask(client, "GET key1") == "nil");
    node.run_for(1);
    CHECK(node.ask(client, "DBSIZE") == "0");
  }
}

}  // namespace kvstash::test
