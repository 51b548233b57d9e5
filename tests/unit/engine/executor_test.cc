#include "engine/executor.h"

#include "engine/shard.h"
#include "support/command_rooms.h"
#include "support/recording_sink.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using Records = std::vector<std::string>;
using Argv = std::vector<std::string_view>;

// Four shards without threads: whoever runs a command holds what it says.
struct Node {
  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set{4, table, options};
  test::RecordingSink sinks[4];

  Node() {
    for (size_t id = 0; id < 4; ++id)
      set.at(id).set_sink(&sinks[id]);
  }

  // A key that lives on `shard`.
  std::string key_on(size_t shard, size_t number = 0) const {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (set.shard_of(key) == shard && number-- == 0) return key;
    }
  }

  std::string run(size_t worker, const Argv& argv, const std::vector<bool>& members) {
    const Hold hold{.set = &set, .single = nullptr, .members = &members};
    Caller caller;
    resp::ReplyBuffer out;
    set.at(worker).executor().run(*table.find(argv[0]), argv, hold, caller, out, {});
    return std::string(out.view());
  }
  std::string run_on(size_t shard, const Argv& argv) {
    const Hold hold{.set = &set, .single = &set.at(shard)};
    Caller caller;
    resp::ReplyBuffer out;
    set.at(shard).executor().run(*table.find(argv[0]), argv, hold, caller, out, {});
    return std::string(out.view());
  }
  std::string run_queue(size_t worker, CommandQueue& queue, const std::vector<WatchedKey>& watched,
                        const std::vector<bool>& members) {
    const Hold hold{.set = &set, .single = nullptr, .members = &members};
    Caller caller;
    resp::ReplyBuffer out;
    set.at(worker).executor().run_queue(queue, watched, hold, caller, out);
    return std::string(out.view());
  }
  void queue(CommandQueue& queue, const Argv& argv) { queue.add(*table.find(argv[0]), argv); }

  size_t keys_on(size_t shard) { return set.at(shard).keyspace(DbIndex{0}).size(); }
  // As if written by a shard whose clock is ahead: already expired for the others.
  void set_expired(size_t shard, std::string_view key) {
    store::Keyspace& space = set.at(shard).keyspace(DbIndex{0});
    space.put_string({key, keyed_hash(key, set.seed())}, nullptr, "old",
                     set.at(shard).now_ms() - 5);
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
    node.set.publish_memory(shard, node.set.at(shard).data_bytes());
  const std::string a = node.key_on(2);
  const std::string b = node.key_on(3);
  node.run(2, {"mset", a, value, b, value}, kTwoAndThree);
  CHECK(node.keys_on(0) == 20);
  CHECK(node.keys_on(1) == 20);
  CHECK(node.keys_on(2) + node.keys_on(3) < 40);
}

TEST_CASE("a write is refused when there is nothing to evict") {
  Node node;
  node.options.maxmemory_bytes = 1;
  const std::string key = node.key_on(0);
  CHECK(node.run_on(0, {"set", key, "v"}) == "+OK\r\n");  // Nothing is used yet.
  CHECK(node.run_on(0, {"set", key, "v"}).starts_with("-OOM "));
  CHECK(node.run_on(0, {"get", key}) == "$1\r\nv\r\n");
  CHECK(node.set.at(0).command_stats(*node.table.find("set")).rejected == 1);
}

TEST_CASE("keys that expire under a transaction are journaled in its order, by its own thread") {
  Node node;
  const std::string near = node.key_on(2);
  const std::string far = node.key_on(3);
  node.set_expired(3, far);
  node.run(2, {"mset", near, "1", far, "2"}, kTwoAndThree);
  CHECK(node.sinks[2].records == Records{"0 DEL " + far, "0 mset " + near + " 1 " + far + " 2"});
  CHECK(node.sinks[3].records.empty());
}

TEST_CASE("keys evicted for a transaction are journaled by its own thread") {
  Node node;
  node.options.maxmemory_bytes = 1;
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  const std::string near = node.key_on(2);
  const std::string far = node.key_on(3);
  node.run_on(3, {"set", far, "v"});
  node.sinks[3].records.clear();
  node.set.publish_memory(3, node.set.at(3).data_bytes());
  node.run(2, {"mset", near, "1", far, "2"}, kTwoAndThree);
  REQUIRE_FALSE(node.sinks[2].records.empty());
  CHECK(node.sinks[2].records[0] == "0 DEL " + far);
  CHECK(node.sinks[3].records.empty());
}

TEST_CASE("only what changed data is journaled: as sent, or as its lasting effect") {
  Node node;
  const std::string key = node.key_on(1);
  node.run_on(1, {"get", key});
  node.run_on(1, {"del", key});
  node.run_on(1, {"Set", key, "v"});
  node.run_on(1, {"incr", key});
  CHECK(node.sinks[1].records == Records{"0 Set " + key + " v"});
  node.run_on(1, {"expire", key, "100"});
  REQUIRE(node.sinks[1].records.size() == 2);
  CHECK(node.sinks[1].records[1].starts_with("0 PEXPIREAT " + key + " "));
}

TEST_CASE("a failed command answers its error alone and is counted by the error's code") {
  Node node;
  const std::string key = node.key_on(1);
  node.run_on(1, {"set", key, "text"});
  CHECK(node.run_on(1, {"incr", key}) == "-ERR value is not an integer or out of range\r\n");
  const ShardStats& stats = node.set.at(1).stats();
  CHECK(stats.error_replies == 1);
  CHECK(stats.errors.at("ERR") == 1);
  CHECK(node.set.at(1).command_stats(*node.table.find("incr")).failed == 1);
}

TEST_CASE("error codes beyond the bound share one counter") {
  Node node;
  Executor& executor = node.set.at(0).executor();
  for (int i = 0; i < 300; ++i)
    executor.count_error("E" + std::to_string(i) + " something");
  const auto& errors = node.set.at(0).stats().errors;
  CHECK(errors.size() == 129);
  CHECK(errors.at("ERRORSTATS_OVERFLOW") == 172);
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
  CHECK(node.sinks[2].records == Records{"<", "0 set " + a + " 1", "0 incr " + b, ">"});
}

TEST_CASE("a transaction runs only if no watched key has changed") {
  Node node;
  const std::string key = node.key_on(3);
  const auto watch = [&] {
    return std::vector<WatchedKey>{
        {DbIndex{0}, key, node.set.at(3).watches().watch(DbIndex{0}, key)}};
  };
  CommandQueue queue;
  node.queue(queue, {"incr", key});

  CHECK(node.run_queue(2, queue, watch(), kTwoAndThree) == "*1\r\n:1\r\n");
  const auto before = watch();
  node.run_on(3, {"set", key, "5"});
  CHECK(node.run_queue(2, queue, before, kTwoAndThree) == "*-1\r\n");
  CHECK(node.run_on(3, {"get", key}) == "$1\r\n5\r\n");
  CHECK(node.set.at(3).watches().empty());
}

TEST_CASE("a watched key that expired meanwhile has changed") {
  Node node;
  const std::string key = node.key_on(3);
  const std::vector<WatchedKey> watched = {
      {DbIndex{0}, key, node.set.at(3).watches().watch(DbIndex{0}, key)}};
  node.set_expired(3, key);
  CommandQueue queue;
  node.queue(queue, {"get", key});
  CHECK(node.run_queue(2, queue, watched, kTwoAndThree) == "*-1\r\n");
  CHECK(node.sinks[2].records == Records{"0 DEL " + key});
}

TEST_CASE("how often and how long commands ran is kept by whose thread ran them") {
  Node node;
  const std::string a = node.key_on(2);
  const std::string b = node.key_on(3);
  node.run(2, {"mset", a, "1", b, "2"}, kTwoAndThree);
  const CommandStats& stats = node.set.at(2).command_stats(*node.table.find("mset"));
  CHECK(stats.calls == 1);
  REQUIRE(stats.latency != nullptr);
  CHECK(stats.latency->total() == 1);
  CHECK(node.set.at(2).stats().commands == 1);
  CHECK(node.set.at(3).stats().commands == 0);
}

}  // namespace kvstash::engine
