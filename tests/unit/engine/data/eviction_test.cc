#include "engine/data/eviction.h"

#include "engine/shard.h"
#include "support/death.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

struct Node : test::HeldShards {
  explicit Node(size_t shards) : HeldShards(shards) {
    options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  }

  // What the process has beside data is measured here, and not again: the clock stands still.
  void fill(size_t keys_each) {
    set().measure_overhead(at(0).now_ms());
    for (size_t shard = 0; shard < set().size(); ++shard) {
      for (size_t i = 0; i < keys_each; ++i)
        run_on(shard, {"set", key_on(shard, i), std::string(1000, 'v')});
      at(shard).publish_memory();
    }
  }
  void limit_to(uint64_t bytes) { options.maxmemory_bytes = bytes; }
};

}  // namespace

TEST_CASE("eviction takes keys one by one, tells the journal, and ends when there are none") {
  Node node(1);
  node.options.maxmemory_policy = EvictionPolicy::kNoEviction;
  node.run_on(0, {"set", "a", "v"});
  node.run_on(0, {"set", "b", "v"});
  node.forget_journal(0);
  const Hold hold = node.at(0).hold_here();
  CHECK_FALSE(evict_one(hold, node.at(0).data()));  // The policy does not allow it.
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysRandom;
  CHECK(evict_one(hold, node.at(0).data()));
  CHECK(evict_one(hold, node.at(0).data()));
  CHECK_FALSE(evict_one(hold, node.at(0).data()));
  CHECK(node.at(0).stats().evicted == 2);
  std::vector<std::string> records = node.journal(0);
  std::ranges::sort(records);
  CHECK(records == std::vector<std::string>{"0 DEL a", "0 DEL b"});
}

TEST_CASE("without a limit nothing is evicted") {
  Node node(2);
  node.fill(3);
  node.set().note_exceeding(true, node.at(0).now_ms());
  CHECK(evict(node.at(0).hold_of(nullptr), 10) == EvictionEnd::kKept);
  CHECK(node.keys_on(0) + node.keys_on(1) == 6);
  CHECK(node.set().exceeded_ms(node.at(0).now_ms() + 5).current == 0);
}

TEST_CASE("a budget of keys bounds eviction, and says whether there is more to give") {
  Node node(2);
  node.fill(10);
  node.limit_to(1);
  const Hold hold = node.at(0).hold_of(nullptr);
  CHECK(evict(hold, 4) == EvictionEnd::kBudgetUsed);
  CHECK(node.keys_on(0) + node.keys_on(1) == 16);
  CHECK(node.set().exceeded_ms(node.at(0).now_ms() + 5).current == 5);
  CHECK(evict(hold, 100) == EvictionEnd::kNothingToGive);
  CHECK(node.keys_on(0) + node.keys_on(1) == 0);
}

TEST_CASE("eviction stops as soon as the limit is kept") {
  Node node(2);
  node.fill(10);
  node.limit_to(node.set().memory_used() - 2500);
  CHECK(evict(node.at(1).hold_of(nullptr), 100) == EvictionEnd::kKept);
  CHECK(node.keys_on(0) + node.keys_on(1) < 20);
  CHECK(node.keys_on(0) + node.keys_on(1) >= 16);
  CHECK(node.set().memory_used() <= node.options.maxmemory_bytes);
}

TEST_CASE("shards that are not covered keep their keys, whatever is over the limit") {
  Node node(2);
  node.fill(3);
  node.limit_to(1);
  CHECK(evict(node.at(0).hold_here(), 100) == EvictionEnd::kNothingToGive);
  CHECK(node.keys_on(0) == 0);
  CHECK(node.keys_on(1) == 3);
  CHECK(node.at(1).stats().evicted == 0);
}

TEST_CASE("what a shard may take up before it looks at the limit is its part of what is free") {
  Node node(2);
  node.fill(1);
  node.limit_to(node.set().memory_used() + 2000);
  node.at(0).publish_memory();
  const size_t bytes = node.at(0).data().memory().bytes;
  CHECK(node.at(0).data().is_within_memory());
  node.run_on(0, {"set", node.key_on(0, 1), std::string(1500, 'v')});
  CHECK(node.at(0).data().memory().bytes > bytes + 1000);
  node.limit_to(0);
  node.at(0).publish_memory();
  CHECK(node.at(0).data().is_within_memory());
  node.limit_to(1);
  node.at(0).publish_memory();
  CHECK_FALSE(node.at(0).data().is_within_memory());
}

TEST_CASE("an access clock means what the policy asks for") {
  Node node(1);
  const Hold hold = node.at(0).hold_here();
  CHECK(access_clock(hold, 0) == store::lru_clock(hold.now_ms()));
  CHECK(access_clock_of_new(hold) == store::lru_clock(hold.now_ms()));
  node.options.maxmemory_policy = EvictionPolicy::kAllkeysLfu;
  const uint32_t fresh = access_clock_of_new(hold);
  CHECK(fresh == store::lfu_fresh(hold.now_ms()));
  CHECK(store::lfu_counter(access_clock(hold, fresh), hold.now_ms(), 1) >=
        store::lfu_counter(fresh, hold.now_ms(), 1));
}

TEST_CASE(
    "to evict where nothing is covered, or while records are replayed, is a mistake of ours") {
  Node node(2);
  CHECK(test::breaks_invariant([&node] { evict_one(node.at(0).hold_here(), node.at(1).data()); },
                               "eviction.cc"));
  CHECK(test::breaks_invariant(
      [&node] { evict_one(node.at(0).hold_here().replaying(), node.at(0).data()); },
      "eviction.cc"));
}

}  // namespace kvstash::engine
