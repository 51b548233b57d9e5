#include "engine/shard_set.h"

#include "base/crc16.h"
#include "engine/shard.h"
#include "engine/turn_work.h"
#include "support/command_rooms.h"
#include "support/node_ports.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kvstash::engine {
namespace {

// Counts how often its shard was rung for.
class Bell final : public ShardPort {
 public:
  void ring() override { ++rings; }
  void flush_sessions() override {}
  void close_session(Session&) override {}

  std::atomic<int> rings = 0;
};

// The process has taken so much.
struct Meter final : MemoryMeter {
  size_t allocated(size_t) const override { return bytes; }
  size_t bytes = 0;
};

struct Set {
  explicit Set(size_t shards)
      : set(shards, table, options, test::ports_with(meter)), bells(shards) {
    for (size_t id = 0; id < shards; ++id)
      set.at(id).set_port(bells[id]);
  }

  EngineOptions options;
  CommandTable table{test::engine_commands()};
  Meter meter;
  ShardSet set;
  std::vector<Bell> bells;
};

}  // namespace

TEST_CASE("slots go to shards in contiguous ranges of about the same size") {
  const Set four(4);
  std::vector<size_t> keys(4);
  size_t slots_in_order = 0;
  std::map<size_t, size_t> shard_of_slot;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = std::to_string(i);
    const size_t shard = four.set.shard_of(key);
    ++keys[shard];
    shard_of_slot[to_index(key_slot(key))] = shard;
  }
  for (const size_t count : keys)
    CHECK(count > 4'500);
  size_t last = 0;
  for (const auto& [slot, shard] : shard_of_slot) {
    slots_in_order += shard >= last;
    last = shard;
  }
  CHECK(slots_in_order == shard_of_slot.size());
  CHECK(shard_of_slot.begin()->second == 0);
  CHECK(shard_of_slot.rbegin()->second == 3);
}

TEST_CASE("keys with the same tag share a shard, and with one shard all do") {
  const Set three(3);
  for (int i = 0; i < 100; ++i)
    CHECK(three.set.shard_of("{tag}" + std::to_string(i)) == three.set.shard_of("tag"));
  const Set one(1);
  CHECK(one.set.shard_of("anything") == 0);
}

TEST_CASE("a message rings for a shard that sleeps, once, and for no other") {
  Set two(2);
  const auto nothing = [](Shard&) {};
  two.set.submit(1, nothing);
  CHECK(two.bells[1].rings == 0);                        // It is awake.
  CHECK_FALSE(two.set.at(1).traffic().prepare_sleep());  // There is a message already.
  two.set.at(1).finish_turn();
  REQUIRE(two.set.at(1).traffic().prepare_sleep());
  two.set.submit(1, nothing);
  two.set.submit(1, nothing);
  CHECK(two.bells[1].rings == 1);
  CHECK(two.bells[0].rings == 0);
}

TEST_CASE("tasks run in the order in which they were submitted") {
  Set one(1);
  std::string order;
  for (const char name : {'a', 'b', 'c'})
    one.set.submit(0, [&order, name](Shard&) { order += name; });
  one.set.at(0).finish_turn();
  CHECK(order == "abc");
}

TEST_CASE("any two groups stand in the same order in every mailbox they share") {
  constexpr int kGroups = 2000;
  const test::Watchdog watchdog("enqueueing groups", std::chrono::seconds(60));
  Set four(4);
  std::vector<std::unique_ptr<HoldGroup>> groups;
  for (int i = 0; i < 2 * kGroups; ++i) {
    groups.push_back(std::make_unique<HoldGroup>());
    HoldGroup& group = *groups.back();
    group.reset(4);
    for (const int member : {i % 4, (i + 1) % 4, (i / 4) % 4})
      group.add_member(static_cast<size_t>(member));
  }
  const auto enqueue = [&](int first) {
    for (int i = 0; i < kGroups; ++i)
      four.set.enqueue(*groups[static_cast<size_t>(first + i)]);
  };
  std::thread other(enqueue, kGroups);
  enqueue(0);
  other.join();

  // Each mailbox numbers what it got; no pair may stand the other way round elsewhere.
  std::vector<std::vector<const HoldGroup*>> orders;
  for (size_t shard = 0; shard < 4; ++shard) {
    orders.emplace_back();
    for (Message* message = four.set.at(shard).traffic().mailbox().take(); message != nullptr;
         message = message->next)
      orders.back().push_back(static_cast<HoldGroup::Arrival*>(message)->group);
  }
  for (size_t a = 0; a < 4; ++a) {
    for (size_t b = a + 1; b < 4; ++b) {
      std::vector<const HoldGroup*> in_a;
      std::vector<const HoldGroup*> in_b;
      for (const HoldGroup* group : orders[a])
        if (group->members[b]) in_a.push_back(group);
      for (const HoldGroup* group : orders[b])
        if (group->members[a]) in_b.push_back(group);
      CHECK_FALSE(in_a.empty());
      CHECK(in_a == in_b);
    }
  }
}

TEST_CASE("a group counts each shard once, and waits for all of them") {
  Set four(4);
  HoldGroup group;
  group.reset(4);
  for (const size_t member : {2, 0, 2})
    group.add_member(member);
  CHECK(group.member_count == 2);
  four.set.enqueue(group);
  CHECK(group.missing == 2);
  CHECK_FALSE(four.set.at(0).traffic().mailbox().is_empty());
  CHECK(four.set.at(1).traffic().mailbox().is_empty());
  for (const size_t member : {0, 2})
    four.set.at(member).traffic().mailbox().take();
}

TEST_CASE("used memory is what the shards told and what they have in common") {
  Set two(2);
  two.set.publish_memory(0, {.bytes = 100, .evictable = 0});
  two.set.publish_memory(1, {.bytes = 20, .evictable = 0});
  CHECK(two.set.memory_used() == 120);
  two.set.publish_memory(0, {.bytes = 0, .evictable = 0});
  CHECK(two.set.memory_used() == 20);
  CHECK(two.set.memory_of(1) == 20);
}

TEST_CASE("what is beside the shards' data is measured, every ten milliseconds at most") {
  Set one(1);
  one.meter.bytes = 5000;
  one.set.measure_overhead(1000);
  CHECK(one.set.memory_used() == 5000);
  one.meter.bytes = 7000;
  one.set.measure_overhead(1009);
  CHECK(one.set.memory_used() == 5000);
  one.set.measure_overhead(1010);
  CHECK(one.set.memory_used() == 7000);
}

TEST_CASE("what work beside commands holds is not counted, so nothing is evicted for it") {
  class Holder final : public TurnWork {
   public:
    bool step(Shard&, uint64_t) override { return false; }
    size_t uncounted_bytes() const override { return 3000; }
  };
  Set one(1);
  Holder holder;
  one.set.set_turn_work(&holder);
  one.meter.bytes = 5000;
  one.set.measure_overhead(1000);
  CHECK(one.set.memory_used() == 2000);
  one.set.set_turn_work(nullptr);
}

TEST_CASE("memory is out when it is over the limit and no shard has keys to evict") {
  Set two(2);
  two.options.maxmemory_bytes = 100;
  two.set.publish_memory(0, {.bytes = 101, .evictable = 0});
  CHECK(two.set.is_out_of_memory());
  CHECK_FALSE(two.set.ask_to_evict());
  two.set.publish_memory(1, {.bytes = 0, .evictable = 1});
  CHECK_FALSE(two.set.is_out_of_memory());
  CHECK(two.set.ask_to_evict());
  CHECK(two.set.at(0).traffic().mailbox().is_empty());
  CHECK_FALSE(two.set.at(1).traffic().mailbox().is_empty());
}

TEST_CASE("memory is overfull when it grows over the limit, not while it comes down to a new one") {
  Set one(1);
  one.options.maxmemory_bytes = 1000;
  one.set.publish_memory(0, {.bytes = 900, .evictable = 1});
  one.set.note_memory_used();
  one.set.publish_memory(0, {.bytes = 1020, .evictable = 1});
  CHECK_FALSE(one.set.is_overfull());
  one.set.publish_memory(0, {.bytes = 1040, .evictable = 1});
  CHECK(one.set.is_overfull());
  one.set.publish_memory(0, {.bytes = 1040, .evictable = 0});
  CHECK_FALSE(one.set.is_overfull());  // Nobody could make it better.
  one.options.maxmemory_bytes = 500;
  one.set.publish_memory(0, {.bytes = 1000, .evictable = 1});
  one.set.note_memory_used();
  CHECK_FALSE(one.set.is_overfull());
  one.set.publish_memory(0, {.bytes = 800, .evictable = 1});
  one.set.note_memory_used();
  CHECK_FALSE(one.set.is_overfull());
  one.set.publish_memory(0, {.bytes = 900, .evictable = 1});
  CHECK(one.set.is_overfull());
}

TEST_CASE("the peak of memory does not sink") {
  Set one(1);
  one.set.publish_memory(0, {.mapped = size_t{1} << 40});
  const size_t high = one.set.measure_memory();
  one.set.publish_memory(0, {});
  CHECK(one.set.measure_memory() < high);
  CHECK(one.set.peak_memory() == high);
}

}  // namespace kvstash::engine
