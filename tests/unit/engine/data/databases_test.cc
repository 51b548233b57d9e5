#include "engine/data/databases.h"

#include "engine/shard.h"
#include "support/death.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr DbIndex kZero{0};
constexpr DbIndex kThree{3};

struct Node : test::HeldShards {
  explicit Node(size_t shards = 1) : HeldShards(shards) {}

  void put(std::string_view key, DbIndex db = kZero, store::Keyspace::Deadline deadline = {}) {
    ShardData& data = at(set().shard_of(key)).data();
    data.keyspace(db).put_string(data.ref(key), nullptr, "v", deadline);
  }
  size_t keys(DbIndex db) {
    size_t count = 0;
    for (size_t id = 0; id < set().size(); ++id) {
      const store::Keyspace* space = at(id).data().keyspace_if_any(db);
      count += space == nullptr ? 0 : space->size();
    }
    return count;
  }
  uint64_t version_of(std::string_view key) {
    WatchTable& watches = at(set().shard_of(key)).data().watches();
    const uint64_t version = watches.watch(kZero, key);
    watches.unwatch(kZero, key);
    return version;
  }
  void watch(std::string_view key) { at(set().shard_of(key)).data().watches().watch(kZero, key); }
};

}  // namespace

TEST_CASE("a flush touches watched keys that exist, and no others") {
  Node node;
  node.put("there");
  node.watch("there");
  node.watch("absent");
  const uint64_t there = node.version_of("there");
  const uint64_t absent = node.version_of("absent");
  flush_db(node.at(0).hold_here(), kZero, FlushMode::kSync);
  CHECK(node.version_of("there") != there);
  CHECK(node.version_of("absent") == absent);
  CHECK(node.keys(kZero) == 0);
  CHECK(node.at(0).stats().dirty == 1);
  CHECK(node.at(0).stats().lazily_freed == 0);
}

TEST_CASE("a flush empties the covered shards alone, and counts on the thread that executes") {
  Node node(4);
  for (size_t shard = 0; shard < 4; ++shard)
    node.put(node.key_on(shard));
  const std::vector<bool> members = {false, true, true, false};
  flush_db(node.at(1).hold_of(&members), kZero, FlushMode::kAsync);
  CHECK(node.keys_on(0) == 1);
  CHECK(node.keys_on(1) == 0);
  CHECK(node.keys_on(2) == 0);
  CHECK(node.keys_on(3) == 1);
  CHECK(node.at(1).stats().dirty == 2);
  CHECK(node.at(1).stats().lazily_freed == 2);
  CHECK(node.at(2).stats().dirty == 0);
}

TEST_CASE("a swap touches keys that are in either database") {
  Node node;
  node.put("in zero");
  node.put("in three", kThree);
  for (const std::string_view key : {"in zero", "in three", "nowhere"})
    node.watch(key);
  const uint64_t in_zero = node.version_of("in zero");
  const uint64_t in_three = node.version_of("in three");
  const uint64_t nowhere = node.version_of("nowhere");
  swap_db(node.at(0).hold_here(), kZero, kThree);
  CHECK(node.version_of("in zero") != in_zero);
  CHECK(node.version_of("in three") != in_three);
  CHECK(node.version_of("nowhere") == nowhere);
  CHECK(node.keys(kThree) == 1);
}

TEST_CASE(
    "a key that has expired goes when a swap would bring it to its watchers, untold to them") {
  Node node(2);
  const std::string key = node.key_on(1);
  node.put(key, kThree, node.at(0).now_ms() - 5);
  node.watch(key);
  const uint64_t before = node.version_of(key);
  swap_db(node.at(0).hold_of(nullptr), kZero, kThree);
  CHECK(node.keys(kZero) + node.keys(kThree) == 0);
  CHECK(node.version_of(key) == before);
  CHECK(node.journal(0) == std::vector<std::string>{"3 DEL " + key});
  CHECK(node.journal(1).empty());
}

TEST_CASE("a replay of a swap judges no deadline") {
  Node node;
  node.put("k", kThree, node.at(0).now_ms() - 5);
  node.watch("k");
  const uint64_t before = node.version_of("k");
  swap_db(node.at(0).hold_here().replaying(), kZero, kThree);
  CHECK(node.keys(kZero) == 1);
  CHECK(node.version_of("k") != before);
}

TEST_CASE("a swap that does not cover every shard is a mistake of ours") {
  Node node(2);
  CHECK(test::breaks_invariant([&node] { swap_db(node.at(0).hold_here(), kZero, kThree); },
                               "databases.cc"));
}

}  // namespace kvstash::engine
