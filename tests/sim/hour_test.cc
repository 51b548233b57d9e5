// An hour of commands of all kinds: clients that use different keys get the same replies at the
// same milliseconds, whatever the number of shards.
#include "base/random.h"
#include "sim/random_talk.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

// Three clients: one uses its own keys, another feeds the keys that it waits for, and a third gets
// the keyspace events of these keys.
struct Actor {
  SimClient* user;
  SimClient* feeder;
  SimClient* listener;
  std::string heard;              // What the user and the feeder got, with the times.
  std::vector<std::string> news;  // What the listener got; with several shards in any order.
};

std::string line_of(const SimReply& reply) {
  return std::to_string(reply.at_ms) + " " + text_of(reply.reply) + "\n";
}

// Takes the replies that have come. False: the client still waits.
bool listen(SimNode& node, Actor& actor, SimClient& client) {
  while (const auto reply = client.take())
    actor.heard += (&client == actor.user ? "user " : "feeder ") + line_of(*reply);
  const engine::Session* session = node.at(client.home()).clients().find(client.id());
  return session != nullptr && session->waiter == nullptr;
}

// What each actor gets in `minutes`. Commands are sent at hundredths of a second, and deadlines end
// between them, so that nothing depends on the order within a millisecond.
std::vector<std::string> heard(size_t shards, uint64_t seed, double minutes) {
  engine::EngineOptions engine;
  engine.notify_keyspace_events = engine::notify::kKeyspace | engine::notify::kAll;
  // The order in which shards are stepped differs between the numbers of shards; the clients do the
  // same.
  SimNode node({.shards = shards, .seed = seed * 100 + shards, .engine = engine});
  Random random(seed);
  std::vector<Actor> actors;
  std::vector<RandomTalk> talks;
  for (size_t i = 0; i < 4; ++i) {
    const std::string prefix = "c" + std::to_string(i) + ":";
    actors.push_back({.user = &node.connect(i),
                      .feeder = &node.connect(i + 1),
                      .listener = &node.connect3(i + 2),
                      .heard = {},
                      .news = {}});
    node.ask(*actors[i].listener, "PSUBSCRIBE __keyspace@0__:" + prefix + "*");
    talks.emplace_back(random, prefix);
  }
  const double end_ms = minutes * 60'000;
  while (node.now_ms() < end_ms) {
    node.run_for(10 * static_cast<double>(1 + random.below(random.one_in(10) ? 1000 : 30)));
    for (size_t i = 0; i < actors.size(); ++i) {
      Actor& actor = actors[i];
      const std::string command = talks[i].draw();
      const std::string food = talks[i].feed();
      const bool user_acts = random.one_in(3);
      const bool is_free = listen(node, actor, *actor.user);
      listen(node, actor, *actor.feeder);
      if (user_acts && is_free) {
        actor.user->say(command);
      } else if (!user_acts && random.one_in(8)) {
        actor.feeder->say(food);
      }
    }
  }
  node.run_for(20'000);
  std::vector<std::string> all;
  for (Actor& actor : actors) {
    listen(node, actor, *actor.user);
    listen(node, actor, *actor.feeder);
    while (const auto news = actor.listener->take())
      actor.news.push_back(line_of(*news));
    std::ranges::sort(actor.news);
    for (const std::string& news : actor.news)
      actor.heard += news;
    all.push_back(std::move(actor.heard));
  }
  return all;
}

}  // namespace

TEST_CASE("an hour of everything is the same for clients at 1, 2 and 4 shards") {
  for_seeds("an hour", 1, [](uint64_t seed) {
    constexpr double kMinutes = 60;
    const std::vector<std::string> alone = heard(1, seed, kMinutes);
    for (const size_t shards : {2, 4}) {
      CAPTURE(shards);
      const std::vector<std::string> together = heard(shards, seed, kMinutes);
      REQUIRE(together.size() == alone.size());
      for (size_t i = 0; i < alone.size(); ++i) {
        CAPTURE(i);
        CHECK(alone[i].size() > 20'000);
        const auto [here, there] = std::ranges::mismatch(alone[i], together[i]);
        const auto at = static_cast<size_t>(here - alone[i].begin());
        const size_t from = at < 300 ? 0 : at - 300;
        CAPTURE(alone[i].substr(from, 400));
        CAPTURE(together[i].substr(std::min(from, together[i].size()), 400));
        CHECK(alone[i] == together[i]);
      }
    }
  });
}

}  // namespace kvstash::test
