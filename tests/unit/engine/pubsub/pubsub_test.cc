// Publishers and subscribers on shards with threads: everything published is counted, heard and
// ordered as if there were one shard. KVSTASH_MODEL_SEED: one seed again.

#include "engine/pubsub/pubsub.h"

#include "base/random.h"
#include "engine/shard.h"
#include "support/command_rooms.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

using resp::Reply;
using test::MemoryClient;
using test::ShardThreads;
using test::Watchdog;

constexpr std::chrono::seconds kDeadline{120};
constexpr size_t kChannels = 5;
constexpr size_t kPublishers = 3;
constexpr size_t kPublications = 400;  // Of each publisher.
constexpr size_t kVisitors = 6;        // Subscribers that come and go.
constexpr size_t kVisits = 40;

std::string channel(size_t number) {
  return "c" + std::to_string(number);
}

// What one subscriber heard, by channel: "publisher:number" in the order in which it came.
using Heard = std::map<std::string, std::vector<std::string>>;

// Reads until the answer to PING.
Heard listen(MemoryClient& client) {
  Heard heard;
  for (;;) {
    const auto reply = client.read();
    REQUIRE(reply.has_value());
    if (reply->text == "PONG") return heard;
    const std::vector<Reply>& items = reply->items;
    if (items.size() < 2) continue;  // MULTI's and EXEC's.
    if (items[0].text == "message" || items[0].text == "smessage")
      heard[items[1].text].push_back(items[2].text);
    if (items[0].text == "pmessage") heard[items[2].text].push_back(items[3].text);
    if (items[0].text == "pong") FAIL("it is still subscribed");
  }
}

std::string publications(Random& random, size_t publisher) {
  std::string script;
  for (size_t i = 0; i < kPublications; ++i) {
    const std::string message = std::to_string(publisher) + ":" + std::to_string(i);
    const std::string line = "PUBLISH " + channel(random.below(kChannels)) + " " + message + "\r\n";
    // Some in transactions over the owners of two channels.
    if (random.one_in(8)) {
      script += "MULTI\r\n" + line + "PUBLISH " + channel(random.below(kChannels)) + " " + message +
                "+\r\nEXEC\r\n";
    } else {
      script += line;
    }
  }
  return script + "PING\r\n";
}

// Subscribes and unsubscribes in turn, to one channel, to several or to a pattern.
std::string visits(Random& random) {
  std::string script;
  for (size_t i = 0; i < kVisits; ++i) {
    switch (random.below(5)) {
      case 3:  // All shards are held: it is counted at once.
        script += "MULTI\r\nSUBSCRIBE " + channel(random.below(kChannels)) + "\r\nEXEC\r\n";
        break;
      case 0:
        script += "PSUBSCRIBE c*\r\nPUNSUBSCRIBE c*\r\n";
        break;
      case 1:
        script += "SUBSCRIBE " + channel(random.below(kChannels)) + " " +
                  channel(random.below(kChannels)) + "\r\n";
        break;
      case 2:
        script += "PSUBSCRIBE c[12] ?3\r\n";
        break;
      default:
        script += "SUBSCRIBE " + channel(random.below(kChannels)) + "\r\n";
        if (random.one_in(2)) script += "UNSUBSCRIBE " + channel(random.below(kChannels)) + "\r\n";
    }
    if (random.one_in(3)) script += "UNSUBSCRIBE\r\nPUNSUBSCRIBE\r\n";
  }
  return script + "UNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nPING\r\n";
}

// The sum of what its publications said; EXEC's are in arrays.
uint64_t counted(MemoryClient& publisher) {
  uint64_t count = 0;
  for (;;) {
    const auto reply = publisher.read();
    REQUIRE(reply.has_value());
    if (reply->text == "PONG") return count;
    CHECK_FALSE(reply->is_error());
    count += static_cast<uint64_t>(reply->integer);
    for (const Reply& item : reply->items)
      count += static_cast<uint64_t>(item.integer);
  }
}

uint64_t total(const Heard& heard) {
  uint64_t count = 0;
  for (const auto& [name, messages] : heard)
    count += messages.size();
  return count;
}

// Whether `some` comes in the order of `all`, each at most `times`.
void check_order(const Heard& all, const Heard& some) {
  for (const auto& [name, messages] : some) {
    const auto at = all.find(name);
    REQUIRE(at != all.end());
    std::map<std::string, size_t> position;
    for (size_t i = 0; i < at->second.size(); ++i)
      position[at->second[i]] = i;
    size_t last = 0;
    for (const std::string& message : messages) {
      REQUIRE(position.contains(message));
      CHECK(position[message] >= last);
      last = position[message];
    }
  }
}

// Subscribed to nothing any more, anywhere.
void check_nothing_left(ShardThreads& threads) {
  for (size_t id = 0; id < threads.set().size(); ++id) {
    const auto left = threads.ask<size_t>(id, [](Shard& shard) {
      const PubSub& pubsub = shard.pubsub();
      size_t names = pubsub.subscriptions().session_count();
      for (size_t i = 0; i < kChannelKinds; ++i) {
        const auto kind = static_cast<ChannelKind>(i);
        names += pubsub.audiences().names(kind).size() + pubsub.subscriptions().topics(kind).size();
      }
      return names;
    });
    CHECK(left == 0);
  }
  CHECK(threads.set().pushes_under_way.load() == 0);
}

TEST_CASE("publications are counted exactly and ordered, while subscribers come and go") {
  for (const size_t shards : {1, 2, 4}) {
    const uint64_t seed = test::model_seed().value_or(1) + shards;
    CAPTURE(shards);
    CAPTURE(seed);
    const Watchdog watchdog("pubsub, seed " + std::to_string(seed), kDeadline);
    Random random(seed);
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = seed});
    // One hears everything all the time.
    MemoryClient& witness = threads.open(random.below(shards));
    std::string names;
    for (size_t i = 0; i < kChannels; ++i)
      names += " " + channel(i);
    threads.send(witness, "SUBSCRIBE" + names + "\r\n");
    for (size_t i = 0; i < kChannels; ++i)
      REQUIRE(witness.read().has_value());

    std::vector<MemoryClient*> publishers, visitors;
    for (size_t i = 0; i < kVisitors; ++i) {
      visitors.push_back(&threads.open(random.below(shards)));
      threads.send(*visitors.back(), visits(random));
    }
    for (size_t i = 0; i < kPublishers; ++i) {
      publishers.push_back(&threads.open(random.below(shards)));
      threads.send(*publishers.back(), publications(random, i));
    }
    uint64_t said = 0;
    for (MemoryClient* publisher : publishers)
      said += counted(*publisher);
    threads.send(witness, "UNSUBSCRIBE\r\nPING\r\n");
    const Heard all = listen(witness);
    uint64_t heard = total(all);
    for (MemoryClient* visitor : visitors) {
      const Heard some = listen(*visitor);
      check_order(all, some);
      heard += total(some);
    }
    CHECK(said == heard);
    CHECK(total(all) >= kPublishers * kPublications);
    threads.settle();
    check_nothing_left(threads);
  }
}

TEST_CASE("clients that leave, at whatever moment, take their subscriptions along") {
  for (const size_t shards : {1, 2, 4}) {
    const uint64_t seed = test::model_seed().value_or(1) + shards;
    CAPTURE(shards);
    CAPTURE(seed);
    const Watchdog watchdog("leaving subscribers, seed " + std::to_string(seed), kDeadline);
    Random random(seed);
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = seed});
    MemoryClient& publisher = threads.open(0);
    threads.send(publisher, publications(random, 0));
    for (size_t i = 0; i < 60; ++i) {
      MemoryClient& client = threads.open(random.below(shards));
      std::string script = visits(random);
      if (random.one_in(3)) script += "SUBSCRIBE c1 __keyspace@0__:k\r\nRESET\r\nSSUBSCRIBE s\r\n";
      threads.send_and_leave(client, script.substr(0, random.below(script.size())));
    }
    counted(publisher);
    threads.settle();
    // What the last ones said on leaving may still be on its way.
    for (size_t round = 0; round < 2; ++round) {
      for (size_t id = 0; id < shards; ++id)
        threads.ask<bool>(id, [](Shard&) { return true; });
    }
    check_nothing_left(threads);
  }
}

TEST_CASE("whoever publishes after the confirmation is heard, from any shard to any") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    const Watchdog watchdog("confirmed subscriptions", kDeadline);
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = 1});
    for (size_t home = 0; home < shards; ++home) {
      for (size_t from = 0; from < shards; ++from) {
        for (size_t i = 0; i < 8; ++i) {
          const std::string name = "n" + std::to_string(i);
          MemoryClient& subscriber = threads.open(home);
          MemoryClient& publisher = threads.open(from);
          threads.send(subscriber, (i % 2 == 0 ? "SUBSCRIBE " : "PSUBSCRIBE ") + name + "\r\n");
          REQUIRE(subscriber.read().has_value());
          threads.send(publisher, "PUBLISH " + name + " hello\r\n");
          CHECK(publisher.read()->integer == 1);
          CHECK(subscriber.read()->items.back().text == "hello");
          threads.hang_up(subscriber);
          CHECK_FALSE(subscriber.read().has_value());
          // Its shard knows at once; the one that counts is told by message.
          for (size_t round = 0; round < 2; ++round) {
            for (size_t id = 0; id < shards; ++id)
              threads.ask<bool>(id, [](Shard&) { return true; });
          }
          threads.send(publisher, "PUBLISH " + name + " bye\r\n");
          CHECK(publisher.read()->integer == 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace kvstash::engine
