// Blocking commands in simulated time: they end at the very millisecond, are served in the order in
// which they came, and leave nothing behind.
#include "base/random.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

std::string seconds(uint64_t ms) {
  const std::string digits = std::to_string(1000 + ms % 1000);
  return std::to_string(ms / 1000) + "." + digits.substr(1);
}

// The milliseconds that the node makes of seconds: like Redis, it rounds up a value that a long
// double does not hold exactly.
double rounded_ms(uint64_t ms) {
  return static_cast<double>(std::ceil(std::stold(seconds(ms)) * 1000));
}

// Draws a blocking command on keys that no client fills, with a timeout of `ms`.
std::string waiting_command(Random& random, uint64_t ms) {
  const std::string key = "none" + std::to_string(random.below(20));
  switch (random.below(6)) {
    case 0:
      return "BLPOP " + key + " other{" + key + "} " + seconds(ms);
    case 1:
      return "BRPOP " + key + " b c d " + seconds(ms);  // The keys lie on several shards.
    case 2:
      return "BLMOVE " + key + " to LEFT LEFT " + seconds(ms);
    case 3:
      return "BZPOPMIN " + key + " " + seconds(ms);
    case 4:
      return "BLMPOP " + seconds(ms) + " 2 " + key + " e LEFT";
    default:
      return "XREAD BLOCK " + std::to_string(static_cast<uint64_t>(rounded_ms(ms))) + " STREAMS " +
             key + " $";
  }
}

}  // namespace

TEST_CASE("a blocking command gives up at its millisecond, neither before nor after") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("timeouts", 2, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      struct Waiting {
        SimClient* client;
        double due_ms;
      };
      std::vector<Waiting> waiting;
      for (size_t i = 0; i < 100; ++i) {
        const uint64_t ms = 1 + random.below(random.one_in(2) ? 300 : 300'000);
        SimClient& client = node.connect(random.below(shards));
        client.say(waiting_command(random, ms));
        node.settle();
        waiting.push_back({&client, node.now_ms() + rounded_ms(ms)});
        if (random.one_in(2)) node.run_for(static_cast<double>(random.below(100'000)) / 1000);
      }
      node.run_for(400'000);
      for (const Waiting& one : waiting) {
        const auto reply = one.client->take();
        REQUIRE(reply);
        CHECK(reply->reply.is_null());
        CHECK(reply->at_ms == doctest::Approx(one.due_ms).epsilon(1e-12));
      }
    });
  }
}

TEST_CASE("on a slow machine nobody is told too early that its time is over") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("late timeouts", 2, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .lag_us_max = 2000});
      Random random(seed);
      for (size_t i = 0; i < 60; ++i) {
        const uint64_t ms = 1 + random.below(2000);
        SimClient& client = node.connect(random.below(shards));
        node.settle();
        const double sent_ms = node.now_ms();
        client.say(waiting_command(random, ms));
        node.run_for(3000);
        const auto reply = client.take();
        REQUIRE(reply);
        CHECK(reply->at_ms > sent_ms + static_cast<double>(ms) - 1e-6);
      }
    });
  }
}

TEST_CASE("those who wait for a key are served in the order in which they came") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("served in order", 10, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      std::vector<SimClient*> waiting;
      for (size_t i = 0; i < 30; ++i) {
        SimClient& client = node.connect(random.below(shards));
        client.say(random.one_in(3) ? "BLPOP list other 0" : "BLPOP list 1000");
        node.settle();
        if (random.one_in(2)) node.run_for(1);
        if (random.one_in(4)) {
          client.hang_up();
          node.settle();
        } else {
          waiting.push_back(&client);
        }
      }
      SimClient& pusher = node.connect(random.below(shards));
      for (size_t pushed = 0; pushed < waiting.size();) {
        std::string line = "RPUSH list";
        const size_t first = pushed;
        for (uint64_t left = 1 + random.below(4); left != 0 && pushed < waiting.size(); --left)
          line += " v" + std::to_string(pushed++);
        const double at_ms = node.now_ms();
        pusher.say(line);
        node.run_for(static_cast<double>(random.below(5)));
        for (size_t i = first; i < pushed; ++i) {
          const auto reply = waiting[i]->take();
          REQUIRE(reply);
          CHECK(text_of(reply->reply) == "[list v" + std::to_string(i) + "]");
          CHECK(reply->at_ms == at_ms);
        }
        if (pushed < waiting.size()) CHECK(waiting[pushed]->take_text() == "(nothing)");
      }
    });
  }
}

TEST_CASE("CLIENT UNBLOCK ends a wait at once, and only one that is under way") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    SimNode node({.shards = shards});
    SimClient& client = node.connect(0);
    SimClient& waiting = node.connect(shards - 1);
    waiting.say("BLPOP list other 100");
    node.run_for(7.5);
    const std::string id = std::to_string(waiting.id());
    CHECK(node.ask(client, "CLIENT UNBLOCK " + id) == "1");
    auto reply = waiting.take();
    REQUIRE(reply);
    CHECK(reply->reply.is_null());
    CHECK(reply->at_ms == 7.5);
    CHECK(node.ask(client, "CLIENT UNBLOCK " + id) == "0");
    waiting.say("XREAD BLOCK 0 STREAMS s $");
    node.run_for(1000);
    CHECK(node.ask(client, "CLIENT UNBLOCK " + id + " ERROR") == "1");
    CHECK(waiting.take_text() == "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    node.ask(client, "RPUSH list a");
    node.run_for(200'000);  // The timeout of the first wait is long over.
    CHECK(waiting.take_text() == "(nothing)");
    CHECK(node.ask(client, "LLEN list") == "1");
  }
}

TEST_CASE("values are handed on exactly once, whatever waiting clients do meanwhile") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("handed on once", 8, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed, .lag_us_max = 300});
      Random random(seed);
      std::vector<SimClient*> waiting;
      std::set<const SimClient*> gone;
      SimClient& pusher = node.connect(random.below(shards));
      size_t pushed = 0;
      for (size_t round = 0; round < 300; ++round) {
        const std::string list = "list" + std::to_string(random.below(3));
        if (random.one_in(2)) {
          pusher.say("RPUSH " + list + " v" + std::to_string(pushed++));
        } else if (waiting.size() < 12 || random.one_in(2)) {
          waiting.push_back(&node.connect(random.below(shards)));
          waiting.back()->say("BLPOP list0 list1 list2 " + seconds(1 + random.below(100)));
        } else {
          SimClient& client = *waiting[random.below(waiting.size())];
          if (client.is_open() && random.one_in(2)) {
            pusher.say("CLIENT UNBLOCK " + std::to_string(client.id()));
          } else if (gone.insert(&client).second) {
            client.hang_up();
          }
        }
        for (uint64_t steps = random.below(12); steps != 0 && node.step(); --steps) {
        }
        if (random.one_in(4)) node.run_for(static_cast<double>(random.below(40)));
      }
      node.run_for(1000);
      std::multiset<std::string> values;
      // Clients that left may have been served without getting the reply.
      size_t lost = 0;
      for (SimClient* client : waiting) {
        const auto reply = client->take();
        if (!reply) {
          CHECK(gone.contains(client));
          ++lost;
        } else if (!reply->reply.is_null()) {
          values.insert(reply->reply.items.at(1).text);
        }
      }
      SimClient& reader = node.connect(0);
      for (const std::string list : {"list0", "list1", "list2"}) {
        reader.say("LRANGE " + list + " 0 -1");
        node.settle();
        const auto rest = reader.take();
        REQUIRE(rest);
        for (const resp::Reply& value : rest->reply.items)
          values.insert(value.text);
      }
      CHECK(std::set<std::string>(values.begin(), values.end()).size() == values.size());
      CHECK(values.size() <= pushed);
      CHECK(values.size() + lost >= pushed);
      for (size_t id = 0; id < shards; ++id)
        CHECK(node.at(id).data().blocked_keys().empty());
    });
  }
}

}  // namespace kvstash::test
