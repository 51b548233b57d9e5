// How shards stand still while others work on them, step by step. What their threads do is in
// parking_test.cc and shards_model_test.cc.
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

using test::SimClient;
using test::SimNode;

// MSET of one key on each shard.
std::string set_everywhere(const SimNode& node, size_t shards, const std::string& value) {
  std::string line = "MSET";
  for (size_t shard = 0; shard < shards; ++shard)
    line += " " + node.key_on(shard) + " " + value;
  return line;
}

// Steps until some shard is parked.
std::optional<size_t> step_until_parked(SimNode& node) {
  while (node.step()) {
    for (size_t shard = 0; shard < node.set().size(); ++shard) {
      if (node.is_parked(shard)) return shard;
    }
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a shard that arrived at a hold stands still until it is let go") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    test::for_seeds("a parked shard", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      SimClient& client = node.connect(seed);
      node.settle();
      client.say(set_everywhere(node, shards, "v"));
      const std::optional<size_t> parked = step_until_parked(node);
      REQUIRE(parked);
      Shard& shard = node.at(*parked);
      const uint64_t turns = shard.stats().turns;
      const uint64_t park_ns = shard.stats().park_ns;
      SimClient& late = node.connect(*parked);
      late.say("PING");
      node.clock().move_by(5'000'000);
      while (node.is_parked(*parked)) {
        CHECK(shard.stats().turns == turns);
        CHECK(late.take_text() == "(nothing)");
        REQUIRE(node.step());
      }
      node.settle();
      CHECK(shard.stats().park_ns >= park_ns + 5'000'000);
      CHECK(client.take_text() == "OK");
      CHECK(late.take_text() == "PONG");
      for (size_t id = 0; id < shards; ++id) {
        CHECK_FALSE(node.is_parked(id));
        CHECK(node.at(id).stats().holds == 1);
      }
    });
  }
}

TEST_CASE("who is let go sees the time that it is then, and does what stood behind the hold") {
  test::for_seeds("behind a hold", 10, [](uint64_t seed) {
    SimNode node({.shards = 2, .seed = seed});
    SimClient& client = node.connect(0);
    SimClient& other = node.connect(1);
    node.settle();
    const std::string key = node.key_on(1);
    client.say(set_everywhere(node, 2, "a"));
    client.say("APPEND " + key + " b\r\nPEXPIRE " + key + " 100\r\nPEXPIRETIME " + key);
    other.say("APPEND " + node.key_on(0) + " x\r\nTIME");
    if (step_until_parked(node)) node.clock().move_by(40'000'000);
    node.settle();
    const int64_t now_ms = node.clock().wall_ms();
    CHECK(client.take_text() == "OK");
    CHECK(client.take_text() == "2");
    CHECK(client.take_text() == "1");
    CHECK(client.take_text() == std::to_string(now_ms + 100));
    CHECK(other.take_text() != "(nothing)");
    const auto time = other.take();
    REQUIRE(time);
    const int64_t told_us = std::stoll(time->reply.items.at(0).text) * 1'000'000 +
                            std::stoll(time->reply.items.at(1).text);
    CHECK(told_us / 1000 <= now_ms);
    CHECK(node.ask(client, "GET " + key) == "ab");
  });
}

TEST_CASE("transactions over shards that overlap let each other go, in one order everywhere") {
  test::for_seeds("overlapping holds", 20, [](uint64_t seed) {
    constexpr size_t kShards = 4;
    SimNode node({.shards = kShards, .seed = seed});
    Random random(seed);
    std::vector<SimClient*> clients;
    std::vector<size_t> asked(6);
    for (size_t i = 0; i < asked.size(); ++i)
      clients.push_back(&node.connect(i));
    for (size_t round = 0; round < 100; ++round) {
      const size_t who = random.below(clients.size());
      const size_t first = random.below(kShards);
      const size_t second = (first + 1 + random.below(kShards - 1)) % kShards;
      const std::string value = std::to_string(round);
      clients[who]->say("MSET " + node.key_on(first) + " " + value + " " + node.key_on(second) +
                        " " + value);
      ++asked[who];
      for (uint64_t steps = random.below(8); steps != 0 && node.step(); --steps) {
      }
    }
    node.settle();
    for (size_t i = 0; i < clients.size(); ++i) {
      for (size_t left = asked[i]; left != 0; --left)
        CHECK(clients[i]->take_text() == "OK");
    }
    // The transaction that came last is whole: its two keys have the same value.
    std::vector<std::string> values;
    for (size_t shard = 0; shard < kShards; ++shard)
      values.push_back(node.ask(*clients[0], "GET " + node.key_on(shard)));
    std::ranges::sort(values);
    CHECK(std::ranges::adjacent_find(values) != values.end());
  });
}

TEST_CASE("a parked shard is given busy turns by a slow script, and parks again after each") {
  for (const size_t shards : {2, 4}) {
    CAPTURE(shards);
    test::for_seeds("busy turns", 3, [&](uint64_t seed) {
      EngineOptions options;
      options.busy_reply_threshold_ms = 100;
      SimNode node({.shards = shards, .seed = seed, .engine = options});
      SimClient& slow = node.connect(0);
      node.settle();
      node.clock().set_tick_ns(test::SimClock::kNsPerMs);
      slow.say("EVAL \"while true do end\" 0");
      const std::optional<size_t> parked = step_until_parked(node);
      REQUIRE(parked);
      SimClient& other = node.connect(*parked);
      for (int asked = 0; asked < 3; ++asked) {
        other.say("GET " + node.key_on(*parked));
        std::string heard = other.take_text();
        for (; heard == "(nothing)"; heard = other.take_text())
          REQUIRE(node.step());
        CHECK(heard.substr(0, 5) == "-BUSY");
        CHECK(node.is_parked(*parked));
        CHECK(slow.take_text() == "(nothing)");
      }
      other.say("SCRIPT KILL");
      std::string heard = slow.take_text();
      for (; heard == "(nothing)"; heard = slow.take_text())
        REQUIRE(node.step());
      CHECK(heard.find("SCRIPT KILL") != std::string::npos);
      node.clock().set_tick_ns(0);
      node.settle();
      CHECK(other.take_text() == "OK");
      CHECK(node.ask(other, "GET " + node.key_on(*parked)) == "nil");
    });
  }
}

}  // namespace kvstash::engine
