// Clients that cache what they read, on shards with threads: whatever others write meanwhile, none
// is left with a value that is not true any more. KVSTASH_MODEL_SEED: one seed again.

#include "engine/tracking/tracking.h"

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
constexpr size_t kKeys = 12;
constexpr size_t kReads = 600;   // Of each client that caches.
constexpr size_t kWrites = 400;  // Of each that does not.

std::string key(size_t number) {
  return "k" + std::to_string(number);
}

// What a client believes, by key; "(nil)" for one that is not there.
using Cache = std::map<std::string, std::string>;

std::string value_of(const Reply& reply) {
  return reply.is_null() ? "(nil)" : reply.text;
}

// One client: what it sends, and the keys whose values come back, in order.
struct Reader {
  MemoryClient* client = nullptr;
  std::vector<std::vector<std::string>> asked;
  size_t answered = 0;
  Cache cache;

  // Reads one thing: news, or the next answer. False: the answer to PING.
  bool listen() {
    const auto reply = client->read();
    REQUIRE(reply.has_value());
    if (reply->type == Reply::Type::kPush && reply->items.at(0).text == "invalidate") {
      const Reply& keys = reply->items.at(1);
      if (keys.is_null()) cache.clear();
      for (const Reply& name : keys.items)
        cache.erase(name.text);
      return true;
    }
    if (reply->text == "PONG") return false;
    REQUIRE(answered < asked.size());
    const std::vector<std::string>& names = asked[answered++];
    if (names.size() == 1) {
      cache[names.front()] = value_of(*reply);
    } else {
      REQUIRE(reply->items.size() == names.size());
      for (size_t i = 0; i < names.size(); ++i)
        cache[names[i]] = value_of(reply->items[i]);
    }
    return true;
  }
};

// Reads of one key, of several over shards, in transactions.
std::string reads(Random& random, Reader& reader) {
  std::string script;
  for (size_t i = 0; i < kReads; ++i) {
    std::vector<std::string> names{key(random.below(kKeys))};
    if (random.one_in(4)) {
      names.push_back(key(random.below(kKeys)));
      names.push_back(key(random.below(kKeys)));
      script += "MGET " + names[0] + " " + names[1] + " " + names[2] + "\r\n";
    } else {
      script += "GET " + names[0] + "\r\n";
    }
    reader.asked.push_back(names);
  }
  return script + "PING\r\n";
}

std::string writes(Random& random, size_t writer) {
  std::string script;
  for (size_t i = 0; i < kWrites; ++i) {
    const std::string value = std::to_string(writer) + ":" + std::to_string(i);
    const std::string name = key(random.below(kKeys));
    switch (random.below(8)) {
      case 0:
        script += "DEL " + name + "\r\n";
        break;
      case 1:
        script +=
            "MSET " + name + " " + value + " " + key(random.below(kKeys)) + " " + value + "\r\n";
        break;
      case 2:
        script += "MULTI\r\nSET " + name + " " + value + "\r\nAPPEND " + key(random.below(kKeys)) +
                  " x\r\nEXEC\r\n";
        break;
      case 3:
        script += "SET " + name + " " + value + " PX 2\r\n";
        break;
      case 4:
        script += random.one_in(20) ? "FLUSHALL\r\n" : "PING x\r\n";
        break;
      default:
        script += "SET " + name + " " + value + "\r\n";
    }
  }
  // Nothing is left to expire.
  script += "MSET";
  for (size_t i = 0; i < kKeys; ++i)
    script += " " + key(i) + " " + std::to_string(writer);
  return script + "\r\nPING\r\n";
}

void read_to_pong(MemoryClient& client) {
  for (;;) {
    const auto reply = client.read();
    REQUIRE(reply.has_value());
    if (reply->text == "PONG") return;
  }
}

// What any shard had to tell has reached every other.
void let_news_arrive(ShardThreads& threads) {
  for (size_t round = 0; round < 3; ++round) {
    for (size_t id = 0; id < threads.set().size(); ++id)
      threads.ask<bool>(id, [](Shard&) { return true; });
  }
}

void play(size_t shards, std::string_view mode, const EngineOptions& options) {
  const uint64_t seed = test::model_seed().value_or(1) + shards;
  CAPTURE(shards);
  CAPTURE(seed);
  CAPTURE(mode);
  const Watchdog watchdog("tracking, seed " + std::to_string(seed), kDeadline);
  Random random(seed);
  ShardThreads threads(test::engine_commands(),
                       {.shards = shards, .seed = seed, .engine = options});
  std::vector<Reader> readers(4);
  std::vector<MemoryClient*> writers;
  for (Reader& reader : readers) {
    reader.client = &threads.open(random.below(shards));
    threads.send(*reader.client, "HELLO 3\r\nCLIENT TRACKING ON " + std::string(mode) + "\r\n");
    REQUIRE(reader.client->read().has_value());
    REQUIRE(reader.client->read()->text == "OK");
  }
  for (size_t i = 0; i < 3; ++i) {
    writers.push_back(&threads.open(random.below(shards)));
    threads.send(*writers.back(), writes(random, i));
  }
  for (Reader& reader : readers)
    threads.send(*reader.client, reads(random, reader));
  for (MemoryClient* writer : writers)
    read_to_pong(*writer);
  for (Reader& reader : readers) {
    while (reader.listen()) {
    }
  }
  let_news_arrive(threads);
  for (Reader& reader : readers) {
    threads.send(*reader.client, "PING\r\n");
    while (reader.listen()) {
    }
  }
  MemoryClient& witness = threads.open(0);
  Cache truth;
  for (size_t i = 0; i < kKeys; ++i) {
    threads.send(witness, "GET " + key(i) + "\r\n");
    truth[key(i)] = value_of(*witness.read());
  }
  for (const Reader& reader : readers) {
    CHECK(reader.answered == kReads);
    for (const auto& [name, value] : reader.cache) {
      CAPTURE(name);
      CHECK(value == truth[name]);
    }
  }
}

TEST_CASE("a client that caches what it reads is left with no stale value") {
  for (const size_t shards : {1, 2, 4}) {
    play(shards, "", {});
    play(shards, "BCAST", {});
    play(shards, "OPTOUT", {});
  }
}

TEST_CASE("a small table of tracked keys makes no value stale") {
  EngineOptions options;
  options.tracking_table_max_keys = 3;
  for (const size_t shards : {1, 2, 4})
    play(shards, "", options);
}

TEST_CASE("who reads on one shard hears of writes from any other") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    const Watchdog watchdog("tracking over shards", kDeadline);
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = 1});
    for (size_t home = 0; home < shards; ++home) {
      for (size_t from = 0; from < shards; ++from) {
        MemoryClient& reader = threads.open(home);
        MemoryClient& writer = threads.open(from);
        threads.send(reader, "HELLO 3\r\nCLIENT TRACKING ON\r\n");
        REQUIRE(reader.read().has_value());
        REQUIRE(reader.read()->text == "OK");
        for (size_t i = 0; i < kKeys; ++i) {
          threads.send(reader, "GET " + key(i) + "\r\n");
          REQUIRE(reader.read().has_value());
          threads.send(writer, "SET " + key(i) + " v\r\n");
          REQUIRE(writer.read()->text == "OK");
          const auto news = reader.read();
          REQUIRE(news.has_value());
          CHECK(news->items.at(0).text == "invalidate");
          CHECK(news->items.at(1).items.at(0).text == key(i));
        }
        threads.hang_up(reader);
        threads.hang_up(writer);
      }
    }
  }
}

TEST_CASE("no more keys are tracked than the limit allows, over all shards") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    const Watchdog watchdog("tracking limit", kDeadline);
    EngineOptions options;
    options.tracking_table_max_keys = 50;
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = 1, .engine = options});
    MemoryClient& reader = threads.open(0);
    std::string script = "HELLO 3\r\nCLIENT TRACKING ON\r\n";
    for (size_t i = 0; i < 500; ++i)
      script += "GET n" + std::to_string(i) + "\r\n";
    threads.send(reader, script + "PING\r\n");
    read_to_pong(reader);
    let_news_arrive(threads);
    threads.send(reader, "PING\r\n");
    size_t told = 0;
    for (;;) {
      const auto reply = reader.read();
      REQUIRE(reply.has_value());
      if (reply->text == "PONG") break;
      if (reply->type == Reply::Type::kPush) ++told;
    }
    CHECK(threads.set().tracked_keys.load() <= 50);
    CHECK(threads.set().tracked_keys.load() >= 50 - shards);
  }
}

TEST_CASE("what clients followed and read is forgotten some time after they have gone") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    const Watchdog watchdog("tracking clients that leave", kDeadline);
    Random random(shards);
    ShardThreads threads(test::engine_commands(), {.shards = shards, .seed = shards});
    for (size_t i = 0; i < 40; ++i) {
      MemoryClient& client = threads.open(random.below(shards));
      Reader reader;
      std::string script = "HELLO 3\r\nCLIENT TRACKING ON";
      script += random.one_in(2) ? " BCAST PREFIX a PREFIX b\r\n" : "\r\n";
      script += reads(random, reader);
      if (random.one_in(3)) script += "CLIENT TRACKING OFF\r\nCLIENT TRACKING ON BCAST\r\n";
      threads.send_and_leave(client, script.substr(0, random.below(script.size())));
    }
    threads.settle();
    let_news_arrive(threads);
    for (size_t id = 0; id < shards; ++id) {
      const auto left = threads.ask<size_t>(id, [](Shard& shard) {
        Tracking& tracking = shard.tracking();
        for (int i = 0; i < 10; ++i)
          tracking.sweep();
        return tracking.session_count() + tracking.key_count() + tracking.item_count() +
               tracking.prefix_count();
      });
      CHECK(left == 0);
    }
    CHECK(threads.set().tracked_keys.load() == 0);
    CHECK(threads.set().pushes_under_way.load() == 0);
  }
}

TEST_CASE("who publishes or writes waits while too much is on its way to other shards") {
  const Watchdog watchdog("many pushes", kDeadline);
  ShardThreads threads(test::engine_commands(), {.shards = 2, .seed = 3});
  MemoryClient& publisher = threads.open(0);
  MemoryClient& reader = threads.open(1);
  const size_t too_much = ShardSet::kPushBytesMax + 1;
  threads.set().pushes_under_way.fetch_add(too_much);
  threads.send(publisher, "GET k\r\nPUBLISH c x\r\nSET k v\r\n");
  CHECK(publisher.read()->is_null());
  threads.send(reader, "GET k\r\n");
  CHECK(reader.read()->is_null());
  const auto is_stopped = threads.ask<bool>(0, [](Shard& shard) {
    for (const auto& [id, session] : shard.clients().all()) {
      if ((session->stopped & kStopPushes) != 0) return true;
    }
    return false;
  });
  CHECK(is_stopped);
  CHECK(publisher.rest().empty());
  // Less, but not yet much less.
  threads.set().pushes_under_way.fetch_sub(2);
  let_news_arrive(threads);
  CHECK(publisher.rest().empty());
  threads.set().pushes_under_way.fetch_sub(too_much - 2);
  CHECK(publisher.read()->integer == 0);
  CHECK(publisher.read()->text == "OK");
}

}  // namespace
}  // namespace kvstash::engine
