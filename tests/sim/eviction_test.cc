// When a command takes memory over the limit, keys are evicted before the next command of any
// client on the shards that it held, wherever the evicted keys are.
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::test {
namespace {

// Sets maxmemory to `bytes` more than is used now.
void limit_memory(SimNode& node, size_t bytes) {
  node.options().maxmemory_policy = engine::EvictionPolicy::kVolatileRandom;
  node.run_for(100);
  node.set().measure_overhead(node.at(0).now_ms() + 1000);
  node.options().maxmemory_bytes = node.set().memory_used() + bytes;
  node.run_for(100);
}

}  // namespace

TEST_CASE("a pipelined command behind one that took too much runs after keys elsewhere have gone") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    for_seeds("eviction before the next command", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .cuts_input = false});
      const std::string victim = node.key_on(0);
      const std::string big = node.key_on(1);
      SimClient& client = node.connect3(1);
      REQUIRE(node.ask(client, "CLIENT TRACKING ON") == "OK");
      REQUIRE(node.ask(client, "SET " + victim + " x EX 10000") == "OK");
      REQUIRE(node.ask(client, "GET " + victim) == "x");
      limit_memory(node, 100'000);
      client.send_bytes("SETBIT " + big + " 1600000 0\r\nGETBIT " + big + " 0\r\n");
      node.settle();
      CHECK(client.take_text() == "0");
      CHECK(client.take_text() == ">[invalidate [" + victim + "]]");
      CHECK(client.take_text() == "0");
      CHECK(node.ask(client, "EXISTS " + victim) == "0");
    });
  }
}

TEST_CASE("commands of others wait on a shard where one took too much, and go on") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    for_seeds("others wait for eviction", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .cuts_input = false});
      const std::string victim = node.key_on(0);
      const std::string big = node.key_on(1);
      SimClient& other = node.connect(0);  // Its commands come to shard 1 in batches.
      SimClient& near = node.connect(1);
      node.ask(other, "SET " + victim + " x EX 10000");
      limit_memory(node, 100'000);
      std::string bytes = "SETBIT " + big + " 1600000 0\r\n";
      for (int i = 0; i < 100; ++i)
        bytes += "GETBIT " + big + " " + std::to_string(i) + "\r\n";
      other.send_bytes(bytes);
      near.send_bytes("GETBIT " + big + " 1\r\n");
      node.settle();
      for (int i = 0; i < 101; ++i)
        REQUIRE(other.take_text() == "0");
      CHECK(near.take_text() == "0");
      CHECK(node.ask(near, "EXISTS " + victim) == "0");
    });
  }
}

}  // namespace kvstash::test
