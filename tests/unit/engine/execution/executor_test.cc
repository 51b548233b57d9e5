#include "engine/execution/executor.h"

#include "engine/shard.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using Records = std::vector<std::string>;

struct Node : test::HeldShards {
  Node() : HeldShards(4) {}

  void queue(CommandQueue& queue, const Argv& argv) {
    queue.add(command(argv[0]), argv, command(argv[0]).spec->flags);
  }

  // A limit that the first byte of data passes. What the process has beside data is measured here,
  // and not again: the clock of these shards stands still.
  uint64_t nearly_full() {
    set().measure_overhead(at(0).now_ms());
    return set().memory_used() + 1;
  }
};

const std::vector<bool> kTwoAndThree = {false, false, true, true};

}  // namespace

TEST_CASE("a command over some shards makes room on these alone") {
  Node node;
  const std::string value(10'000, 'v');
  for (size_t shard = 0; shard < 4; ++shard) {
    for (size_t i = 0; i < 20; ++i) {
      const std::string key = node.key_on(shard, i);
      node.run_on(shard, {"set", key, value});
    }
  }
  node.options.maxmemory_bytes = 400'000;
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  for (size_t shard = 0; shard < 4; ++shard)
    node.at(shard).publish_memory();
  const std::string a = node.key_on(2);
  const std::string b = node.key_on(3);
  node.run(2, {"mset", a, value, b, value}, kTwoAndThree);
  CHECK(node.keys_on(0) == 20);
  CHECK(node.keys_on(1) == 20);
  CHECK(node.keys_on(2) + node.keys_on(3) < 40);
}

TEST_CASE("what a command takes too much goes at once, on the shards that it holds") {
  Node node;
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  node.options.maxmemory_bytes = node.nearly_full();
  const std::string key = node.key_on(1);
  CHECK(node.run_on(1, {"set", key, "v"}) == "+OK\r\n");
  CHECK(node.keys_on(1) == 0);
}

TEST_CASE("what the held shards cannot give is taken from all in a hold, once until it is enough") {
  Node node;
  node.options.maxmemory_policy = EvictionPolicy::kVolatileRandom;
  const std::string passing = node.key_on(1);
  const std::string lasting = node.key_on(0);
  node.run_on(1, {"set", passing, "v", "ex", "100"});
  node.options.maxmemory_bytes = node.nearly_full() + 1000;
  for (const size_t shard : {0, 1})
    node.at(shard).publish_memory();
  CHECK(node.set().evictions_begun() == 0);
  CHECK_FALSE(node.at(0).awaits_eviction());
  CHECK(node.run_on(0, {"set", lasting, std::string(3000, 'v')}) == "+OK\r\n");
  CHECK(node.set().evictions_begun() == 1);
  CHECK(node.at(0).awaits_eviction());
  CHECK_FALSE(node.at(1).awaits_eviction());  // The command did not hold it.
  node.run_on(0, {"get", lasting});
  CHECK(node.set().evictions_begun() == 1);  // Another hold would be one too many.
  node.set().end_evictions();
  CHECK_FALSE(node.at(0).awaits_eviction());
  node.run_on(0, {"get", lasting});
  CHECK(node.set().evictions_begun() == 1);  // It was not enough: the shards' turns go on.
  node.set().note_exceeding(false, node.at(0).now_ms());
  node.run_on(0, {"get", lasting});
  CHECK(node.set().evictions_begun() == 2);
}

TEST_CASE("a write is refused when there is nothing to evict") {
  Node node;
  node.options.maxmemory_bytes = node.nearly_full();
  const std::string key = node.key_on(0);
  CHECK(node.run_on(0, {"set", key, "v"}) == "+OK\r\n");  // Nothing is used yet.
  CHECK(node.run_on(0, {"set", key, "v"}).starts_with("-OOM "));
  CHECK(node.run_on(0, {"get", key}) == "$1\r\nv\r\n");
  CHECK(node.stats_of(0, "set").rejected == 1);
}

TEST_CASE("a shard without keys to evict writes on when another is asked to give up its own") {
  Node node;
  node.options.maxmemory_bytes = node.nearly_full();
  node.options.maxmemory_policy = EvictionPolicy::kVolatileLru;
  const std::string lasting = node.key_on(0);
  const std::string passing = node.key_on(1);
  node.run_on(0, {"set", lasting, "v"});
  CHECK(node.run_on(0, {"set", lasting, "v"}).starts_with("-OOM "));
  node.options.maxmemory_bytes = 0;
  node.run_on(1, {"set", passing, "v", "ex", "100"});
  node.options.maxmemory_bytes = node.nearly_full();
  node.at(1).publish_memory();
  CHECK(node.run_on(0, {"set", lasting, "v"}) == "+OK\r\n");
  CHECK_FALSE(node.at(1).traffic().mailbox().is_empty());
}

TEST_CASE("keys that expire under a transaction are journaled in its order, by its own thread") {
  Node node;
  const std::string near = node.key_on(2);
  const std::string far = node.key_on(3);
  node.set_expired(far);
  node.run(2, {"mset", near, "1", far, "2"}, kTwoAndThree);
  CHECK(node.journal(2) == Records{"0 DEL " + far, "0 mset " + near + " 1 " + far + " 2"});
  CHECK(node.journal(3).empty());
}

TEST_CASE("keys evicted for a transaction are journaled by its own thread") {
  Node node;
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  const std::string near = node.key_on(2);
  const std::string far = node.key_on(3);
  node.run_on(3, {"set", far, "v"});
  node.forget_journal(3);
  node.at(3).publish_memory();
  node.options.maxmemory_bytes = node.nearly_full() - 2;  // Passed already.
  for (const size_t shard : {2, 3})
    node.at(shard).publish_memory();
  node.run(2, {"mset", near, "1", far, "2"}, kTwoAndThree);
  REQUIRE_FALSE(node.journal(2).empty());
  CHECK(node.journal(2)[0] == "0 DEL " + far);
  CHECK(node.journal(3).empty());
}

TEST_CASE("only what changed data is journaled: as sent, or as its lasting effect") {
  Node node;
  const std::string key = node.key_on(1);
  node.run_on(1, {"get", key});
  node.run_on(1, {"del", key});
  node.run_on(1, {"Set", key, "v"});
  node.run_on(1, {"incr", key});
  CHECK(node.journal(1) == Records{"0 Set " + key + " v"});
  node.run_on(1, {"expire", key, "100"});
  REQUIRE(node.journal(1).size() == 2);
  CHECK(node.journal(1)[1].starts_with("0 PEXPIREAT " + key + " "));
}

TEST_CASE("a failed command answers its error alone and is counted by the error's code") {
  Node node;
  const std::string key = node.key_on(1);
  node.run_on(1, {"set", key, "text"});
  CHECK(node.run_on(1, {"incr", key}) == "-ERR value is not an integer or out of range\r\n");
  const ShardStats& stats = node.at(1).stats();
  CHECK(stats.error_replies == 1);
  CHECK(stats.errors.at("ERR") == 1);
  CHECK(node.stats_of(1, "incr").failed == 1);
}

TEST_CASE("a transaction's effects are one unit") {
  Node node;
  const std::string a = node.key_on(2);
  const std::string b = node.key_on(3);
  CommandQueue queue;
  node.queue(queue, {"set", a, "1"});
  node.queue(queue, {"get", b});
  node.queue(queue, {"incr", b});
  CHECK(node.run_queue(2, queue, {}, kTwoAndThree) == "*3\r\n+OK\r\n$-1\r\n:1\r\n");
  CHECK(node.journal(2) == Records{"<", "0 set " + a + " 1", "0 incr " + b, ">"});
}

TEST_CASE("a transaction runs only if no watched key has changed") {
  Node node;
  const std::string key = node.key_on(3);
  const auto watch = [&] {
    return std::vector<WatchedKey>{
        {DbIndex{0}, key, node.at(3).data().watches().watch(DbIndex{0}, key)}};
  };
  CommandQueue queue;
  node.queue(queue, {"incr", key});

  CHECK(node.run_queue(2, queue, watch(), kTwoAndThree) == "*1\r\n:1\r\n");
  const auto before = watch();
  node.run_on(3, {"set", key, "5"});
  CHECK(node.run_queue(2, queue, before, kTwoAndThree) == "*-1\r\n");
  CHECK(node.run_on(3, {"get", key}) == "$1\r\n5\r\n");
  CHECK(node.at(3).data().watches().empty());
}

TEST_CASE("a watched key that expired meanwhile has changed") {
  Node node;
  const std::string key = node.key_on(3);
  const std::vector<WatchedKey> watched = {
      {DbIndex{0}, key, node.at(3).data().watches().watch(DbIndex{0}, key)}};
  node.set_expired(key);
  CommandQueue queue;
  node.queue(queue, {"get", key});
  CHECK(node.run_queue(2, queue, watched, kTwoAndThree) == "*-1\r\n");
  CHECK(node.journal(2) == Records{"0 DEL " + key});
}

TEST_CASE("a watched hash that lost a field to its deadline meanwhile has changed") {
  Node node;
  const std::string key = node.key_on(3);
  const std::vector<WatchedKey> watched = {
      {DbIndex{0}, key, node.at(3).data().watches().watch(DbIndex{0}, key)}};
  node.set_hash(key, {"old"}, {"fresh"});
  CommandQueue queue;
  node.queue(queue, {"get", key});
  CHECK(node.run_queue(2, queue, watched, kTwoAndThree) == "*-1\r\n");
  CHECK(node.journal(2) == Records{"0 HDEL " + key + " old"});
}

TEST_CASE("how often and how long commands ran is kept by whose thread ran them") {
  Node node;
  const std::string a = node.key_on(2);
  const std::string b = node.key_on(3);
  node.run(2, {"mset", a, "1", b, "2"}, kTwoAndThree);
  const CommandStats& stats = node.stats_of(2, "mset");
  CHECK(stats.calls == 1);
  REQUIRE(stats.latency != nullptr);
  CHECK(stats.latency->total() == 1);
  CHECK(node.at(2).stats().commands == 1);
  CHECK(node.at(3).stats().commands == 0);
}

}  // namespace kvstash::engine
