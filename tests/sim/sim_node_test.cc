// The simulation itself: the same seed gives the same run, and time passes only when nothing else
// is left to do.
#include "sim/sim_node.h"

#include "sim/random_talk.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

// What a few clients received that send commands of all kinds over the same keys, on a slow
// machine.
std::string heard_of_everything(size_t shards, uint64_t seed) {
  engine::EngineOptions engine;
  engine.notify_keyspace_events = engine::notify::kKeyevent | engine::notify::kAll;
  SimNode node({.shards = shards, .seed = seed, .engine = engine, .lag_us_max = 400});
  Random random(seed);
  RandomTalk talk(random, "k");
  std::vector<SimClient*> clients;
  std::vector<const SimClient*> gone;
  for (size_t i = 0; i < 6; ++i) {
    clients.push_back(&node.connect(i));
    if (i < 2) clients[i]->say("HELLO 3");
  }
  clients[0]->say("CLIENT TRACKING ON");
  clients[1]->say("PSUBSCRIBE *");
  for (size_t round = 0; round < 600; ++round) {
    SimClient& client = *clients[random.below(clients.size())];
    switch (random.below(24)) {
      case 0:
        client.say("CLIENT PAUSE " + std::to_string(random.below(300)) + " WRITE");
        break;
      case 1:
        client.say("SADD e a b c d\r\nSPOP e\r\nRANDOMKEY\r\nSCAN 0");
        break;
      case 2:
        client.say("PUBLISH c " + std::to_string(round));
        break;
      case 3:
        client.say("CLIENT UNBLOCK " + std::to_string(1 + random.below(8)));
        break;
      case 4:
        if (!random.one_in(3)) break;
        client.hang_up();
        gone.push_back(&client);
        *std::ranges::find(clients, &client) = &node.connect(random.below(shards));
        break;
      default:
        client.say(random.one_in(3) ? talk.feed() : talk.draw());
    }
    if (random.one_in(2)) node.run_for(static_cast<double>(random.below(2000)) / 10);
  }
  node.run_for(20'000);
  std::string all = std::to_string(node.steps()) + " steps\n";
  gone.insert(gone.end(), clients.begin(), clients.end());
  for (const SimClient* client : gone)
    all += client->transcript() + "\n";
  return all;
}

}  // namespace

TEST_CASE("the same seed gives the same simulated run, to the byte") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("the same run twice", 2, [&](uint64_t seed) {
      const std::string first = heard_of_everything(shards, seed);
      CHECK(first.size() > 10'000);
      CHECK(first == heard_of_everything(shards, seed));
    });
  }
  CHECK(heard_of_everything(4, 1) != heard_of_everything(4, 2));
}

TEST_CASE("simulated time stands still while there is something to do, and then jumps") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(shards - 1);
    for (size_t i = 0; i < 200; ++i)
      client.say("MSET a" + std::to_string(i) + " 1 b" + std::to_string(i) + " 2");
    client.say("DBSIZE");
    node.settle();
    CHECK(node.now_ms() == 0);
    for (size_t i = 0; i < 200; ++i)
      REQUIRE(client.take_text() == "OK");
    const auto last = client.take();
    REQUIRE(last);
    CHECK(last->reply.integer == 400);
    CHECK(last->at_ms == 0);
    node.run_for(600'000.5);
    CHECK(node.now_ms() == 600'000.5);
    CHECK(node.clock().wall_ms() == SimClock::kBeginWallMs + 600'000);
  }
}

TEST_CASE("time passes at each look at a simulated clock if it is told to") {
  SimClock clock;
  CHECK(clock.monotonic_ns() == clock.monotonic_ns());
  clock.set_tick_ns(1000);
  const int64_t before_us = clock.wall_now_us();
  CHECK(clock.wall_now_us() == before_us + 1);
  clock.jump_wall_ms(-5);
  const int64_t before_ns = clock.now_ns();
  CHECK(clock.wall_now_us() == before_us + 2 - 5000);
  CHECK(clock.monotonic_ns() == before_ns + 2000);
}

TEST_CASE("nothing is left of clients who leave a simulated node in the middle of what they do") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("clients who leave", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .lag_us_max = 100});
      Random random(seed);
      RandomTalk talk(random, "k");
      for (size_t i = 0; i < 20; ++i) {
        SimClient& client = node.connect(i);
        for (uint64_t left = random.below(10); left != 0; --left)
          client.say(talk.draw());
        if (random.one_in(3)) node.run_for(1);
        for (uint64_t left = random.below(20); left != 0 && node.step(); --left) {
        }
        client.hang_up();
      }
      node.run_for(100);
      for (size_t id = 0; id < shards; ++id) {
        CHECK(node.at(id).clients().all().empty());
        CHECK(node.at(id).waits().sessions().size() == 0);
        CHECK(node.at(id).data().blocked_keys().empty());
      }
    });
  }
}

}  // namespace kvstash::test
