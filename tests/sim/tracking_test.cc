// Client-side caching in simulated time: a cache that is kept up to date by invalidations never
// differs from the data once the client has read all its input. Keys change, expire, are renamed
// and flushed.
#include "base/random.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

constexpr size_t kKeys = 12;

std::string key_of(uint64_t number) {
  return "k" + std::to_string(number);
}

// A client with a cache: it keeps what it read until an invalidation tells it to forget the key.
class Caching {
 public:
  Caching(SimNode& node, Random& random) : random_(&random) {
    client_ = &node.connect3(random.below(node.set().size()));
    switch (random.below(4)) {
      case 0:
        mode_ = Mode::kBroadcast;
        CHECK(node.ask(*client_, "CLIENT TRACKING ON BCAST PREFIX k") == "OK");
        break;
      case 1:
        mode_ = Mode::kOptIn;
        CHECK(node.ask(*client_, "CLIENT TRACKING ON OPTIN") == "OK");
        break;
      default:
        CHECK(node.ask(*client_, "CLIENT TRACKING ON") == "OK");
    }
  }

  void ask() {
    const std::string key = key_of(random_->below(kKeys));
    const bool remembers = mode_ != Mode::kOptIn || random_->one_in(2);
    if (mode_ == Mode::kOptIn && remembers) {
      client_->say("CLIENT CACHING YES");
      asked_.emplace_back("", false);
    }
    if (random_->one_in(4)) {
      client_->say("MULTI\r\nGET " + key + "\r\nEXEC");
      asked_.insert(asked_.end(), {{"", false}, {"", false}, {key, remembers}});
    } else if (random_->one_in(4)) {
      client_->say("EVAL \"return redis.call('get', KEYS[1])\" 1 " + key);
      asked_.emplace_back(key, remembers);
    } else {
      client_->say("GET " + key);
      asked_.emplace_back(key, remembers);
    }
  }

  void listen() {
    while (const auto heard = client_->take()) {
      if (heard->is_push()) {
        forget(heard->reply);
        continue;
      }
      REQUIRE(!asked_.empty());
      const auto [key, remembers] = asked_.front();
      asked_.pop_front();
      const bool is_exec = heard->reply.type == resp::Reply::Type::kArray;
      if (remembers) cache_[key] = text_of(is_exec ? heard->reply.items.at(0) : heard->reply);
    }
    CHECK(asked_.empty());
  }

  const std::map<std::string, std::string>& cache() const { return cache_; }

 private:
  enum class Mode { kDefault, kBroadcast, kOptIn };

  void forget(const resp::Reply& push) {
    REQUIRE(push.items.at(0).text == "invalidate");
    const resp::Reply& keys = push.items.at(1);
    if (keys.is_null()) cache_.clear();
    for (const resp::Reply& key : keys.items)
      cache_.erase(key.text);
  }

  Random* random_;
  SimClient* client_ = nullptr;
  Mode mode_ = Mode::kDefault;
  std::deque<std::pair<std::string, bool>> asked_;  // The key, and whether it is cached.
  std::map<std::string, std::string> cache_;
};

std::string change(Random& random) {
  const std::string key = key_of(random.below(kKeys));
  const std::string other = key_of(random.below(kKeys));
  const std::string value = "v" + std::to_string(random.below(1000));
  switch (random.below(12)) {
    case 0:
      return "DEL " + key + " " + other;
    case 1:
      return "MSET " + key + " " + value + " " + other + " " + value;
    case 2:
      return "RENAME " + key + " " + other;
    case 3:
      return "MULTI\r\nSET " + key + " " + value + "\r\nAPPEND " + other + " x\r\nEXEC";
    case 4:
      return "EVAL \"return redis.call('set', KEYS[1], ARGV[1])\" 1 " + key + " " + value;
    case 5:
      return random.one_in(4) ? "FLUSHALL" : "COPY " + key + " " + other + " REPLACE";
    case 6:
      return "PEXPIRE " + key + " " + std::to_string(random.below(50));
    case 7:
    case 8:
      return "SET " + key + " " + value + " PX " + std::to_string(1 + random.below(100));
    default:
      return "SET " + key + " " + value;
  }
}

}  // namespace

TEST_CASE("a cache kept by invalidations is never wrong once everything was read") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("caches", 6, [&](uint64_t seed) {
      SimNode node({.shards = shards, .seed = seed});
      Random random(seed);
      if (random.one_in(3)) node.options().tracking_table_max_keys = 4;
      std::vector<Caching> readers;
      for (size_t i = 0; i < 4; ++i)
        readers.emplace_back(node, random);
      std::vector<SimClient*> writers;
      for (size_t i = 0; i < 3; ++i)
        writers.push_back(&node.connect(random.below(shards)));
      SimClient& judge = node.connect(0);
      size_t cached = 0;
      for (size_t round = 0; round < 200; ++round) {
        for (uint64_t left = random.below(8); left != 0; --left) {
          readers[random.below(readers.size())].ask();
          if (random.one_in(2)) writers[random.below(3)]->say(change(random));
          for (uint64_t steps = random.below(6); steps != 0 && node.step(); --steps) {
          }
        }
        node.run_for(static_cast<double>(random.below(20)));
        std::map<std::string, std::string> truth;
        for (size_t i = 0; i < kKeys; ++i)
          truth[key_of(i)] = node.ask(judge, "GET " + key_of(i));
        for (Caching& reader : readers) {
          reader.listen();
          cached += reader.cache().size();
          for (const auto& [key, value] : reader.cache()) {
            CAPTURE(key);
            CAPTURE(round);
            REQUIRE(value == truth[key]);
          }
        }
      }
      CHECK(cached > 500);  // The caches were not always empty.
    });
  }
}

}  // namespace kvstash::test
