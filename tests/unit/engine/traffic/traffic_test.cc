// What a shard trades with others, step by step in a simulated node.

#include "engine/traffic/traffic.h"

#include "engine/shard.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace kvstash::engine {

using test::SimClient;
using test::SimNode;

TEST_CASE("a batch is one object for a shard and a turn, and is used again when it is home") {
  SimNode node({.shards = 2});
  Traffic& traffic = node.at(0).traffic();
  Batch& batch = traffic.batch_for(1);
  CHECK(&traffic.batch_for(1) == &batch);
  CHECK(batch.home == 0);
  CHECK(batch.to == 1);
  traffic.send_batches();
  Batch& next = traffic.batch_for(1);
  CHECK(&next != &batch);
  traffic.send_batches();
  node.settle();
  // Both are home, and nothing new is made.
  Batch& again = traffic.batch_for(1);
  CHECK((&again == &batch || &again == &next));
  CHECK(again.hops.empty());
}

TEST_CASE("an action of the server runs once, with every shard held and the others parked") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    test::for_seeds("hold all", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      node.settle();
      int runs = 0;
      node.at(seed % shards).traffic().hold_all([&](const Hold& hold) {
        ++runs;
        CHECK(hold.covers_all());
        size_t parked = 0;
        for (size_t id = 0; id < shards; ++id)
          parked += node.is_parked(id) ? 1u : 0u;
        CHECK(parked == shards - 1);
      });
      node.settle();
      CHECK(runs == 1);
    });
  }
}

TEST_CASE("actions asked for on one shard run in that order, wherever they run") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    test::for_seeds("holds in order", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      node.settle();
      std::vector<int> order;
      for (int i = 0; i < 20; ++i)
        node.at(0).traffic().hold_all([&order, i](const Hold&) { order.push_back(i); });
      node.settle();
      REQUIRE(order.size() == 20);
      for (int i = 0; i < 20; ++i)
        CHECK(order[static_cast<size_t>(i)] == i);
    });
  }
}

TEST_CASE("commands of one connection for the same shard take effect in the order sent") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    test::for_seeds("order of hops and holds", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      SimClient& client = node.connect(0);
      const std::string near = node.key_on(0);
      const std::string far = node.key_on(1);
      Random random(seed);
      std::vector<std::string> expected;
      std::optional<int> far_value;
      std::optional<int> near_value;
      const auto text = [](std::optional<int> value) {
        return value ? std::to_string(*value) : std::string("nil");
      };
      const auto incremented = [&](std::optional<int>& value) {
        value = value.value_or(0) + 1;
        return text(value);
      };
      for (int i = 0; i < 200; ++i) {
        switch (random.below(4)) {
          case 0:
            client.say("INCR " + far);
            expected.push_back(incremented(far_value));
            break;
          case 1:
            client.say("INCR " + near);
            expected.push_back(incremented(near_value));
            break;
          case 2:
            far_value = near_value = i;
            client.say("MSET " + near + " " + std::to_string(i) + " " + far + " " +
                       std::to_string(i));
            expected.emplace_back("OK");
            break;
          default:
            client.say("MGET " + far + " " + near);
            expected.push_back("[" + text(far_value) + " " + text(near_value) + "]");
        }
      }
      node.settle();
      for (const std::string& reply : expected)
        REQUIRE(client.take_text() == reply);
      CHECK(client.take_text() == "(nothing)");
    });
  }
}

}  // namespace kvstash::engine
