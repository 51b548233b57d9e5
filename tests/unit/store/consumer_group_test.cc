#include "store/consumer_group.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::store;

namespace {

std::vector<std::string> names(const ConsumerGroup& group) {
  std::vector<std::string> result;
  for (const Consumer* consumer : group.consumers().all())
    result.emplace_back(consumer->name());
  return result;
}

}  // namespace

TEST_CASE("consumers are found by name and kept in the order of their names") {
  size_t bytes = 0;
  {
    ConsumerGroup group("g", bytes);
    Consumer& bob = group.create_consumer("bob", 5);
    group.create_consumer("", 6);
    group.create_consumer("alice", 7);
    CHECK(names(group) == std::vector<std::string>{"", "alice", "bob"});
    CHECK(group.find_consumer("bob") == &bob);
    CHECK(group.find_consumer("bo") == nullptr);
    CHECK(bob.seen_ms() == 5);
    CHECK(bob.active_ms() == -1);
    CHECK(group.destroy_consumer(bob) == 0);
    CHECK(group.find_consumer("bob") == nullptr);
  }
  CHECK(bytes == 0);
}

TEST_CASE("a pending entry belongs to one consumer until it is acknowledged") {
  size_t bytes = 0;
  ConsumerGroup group("g", bytes);
  Consumer& alice = group.create_consumer("alice", 0);
  Consumer& bob = group.create_consumer("bob", 0);
  CHECK(group.add_pending({1, 0}, {.delivered_ms = 10, .deliveries = 1, .consumer = &alice}));
  CHECK(group.add_pending({2, 0}, {.delivered_ms = 11, .deliveries = 1, .consumer = &alice}));
  CHECK(!group.add_pending({2, 0}, {.delivered_ms = 12, .deliveries = 1, .consumer = &bob}));
  CHECK(alice.pending().size() == 2);
  group.redeliver({2, 0}, {.delivered_ms = 13, .deliveries = 2, .consumer = &bob});
  group.redeliver({2, 0}, {.delivered_ms = 14, .deliveries = 3, .consumer = &bob});
  CHECK(group.find_pending({2, 0})->delivered_ms == 14);
  CHECK(group.find_pending({2, 0})->deliveries == 3);
  CHECK(alice.pending().size() == 1);
  CHECK(bob.pending().size() == 1);
  CHECK(group.find_pending({2, 0})->consumer == &bob);
  CHECK(group.is_sound());
  CHECK(group.acknowledge({1, 0}));
  CHECK(!group.acknowledge({1, 0}));
  CHECK(alice.pending().empty());
  CHECK(group.is_sound());
}

TEST_CASE("with a consumer its pending entries go") {
  size_t bytes = 0;
  {
    ConsumerGroup group("g", bytes);
    Consumer& alice = group.create_consumer("alice", 0);
    Consumer& bob = group.create_consumer("bob", 0);
    for (uint64_t i = 0; i < 1000; ++i) {
      group.add_pending({i, 0},
                        {.delivered_ms = 0, .deliveries = 1, .consumer = i % 3 ? &alice : &bob});
    }
    CHECK(group.destroy_consumer(alice) == 666);
    CHECK(group.pending().size() == 334);
    CHECK(group.is_sound());
  }
  CHECK(bytes == 0);
}

TEST_CASE("a copy has consumers of its own, and all that they have pending") {
  size_t bytes = 0;
  size_t copy_bytes = 0;
  std::optional<ConsumerGroup> group(std::in_place, "g", bytes);
  ConsumerGroup copy("g", copy_bytes);
  group->set_last_id({9, 9});
  group->set_entries_read(12);
  Consumer& alice = group->create_consumer("alice", 3);
  group->set_active(alice, 4);
  group->create_consumer("idle", 5);
  group->add_pending({1, 1}, {.delivered_ms = 7, .deliveries = 8, .consumer = &alice});
  copy.copy_from(*group);
  CHECK(bytes == copy_bytes);
  group.reset();
  CHECK(bytes == 0);
  CHECK(names(copy) == std::vector<std::string>{"alice", "idle"});
  CHECK(copy.last_id() == StreamId{9, 9});
  CHECK(copy.entries_read() == 12);
  const PendingEntry* entry = copy.find_pending({1, 1});
  REQUIRE(entry != nullptr);
  CHECK(entry->consumer->name() == "alice");
  CHECK(entry->consumer->active_ms() == 4);
  CHECK(entry->delivered_ms == 7);
  CHECK(entry->deliveries == 8);
  CHECK(copy.is_sound());
}

TEST_CASE("a group agrees with maps through random deliveries, claims, acks and departures") {
  struct Pending {
    std::string consumer;
    uint64_t deliveries = 0;
  };
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    size_t bytes = 0;
    {
      ConsumerGroup group("g", bytes);
      std::map<StreamId, Pending> model;
      for (int i = 0; i < 1000; ++i) {
        const std::string name = "c" + std::to_string(random.below(5));
        const StreamId id{random.below(200), random.below(2)};
        Consumer* consumer = group.find_consumer(name);
        const uint64_t kind = random.below(20);
        if (consumer == nullptr) consumer = &group.create_consumer(name, i);
        if (kind < 10) {
          CHECK(group.add_pending(id, {.delivered_ms = i, .deliveries = 1, .consumer = consumer}) ==
                model.emplace(id, Pending{name, 1}).second);
        } else if (kind < 14) {
          const PendingEntry* entry = group.find_pending(id);
          REQUIRE((entry != nullptr) == model.contains(id));
          if (entry == nullptr) continue;
          group.redeliver(id, {.delivered_ms = entry->delivered_ms,
                               .deliveries = entry->deliveries + 1,
                               .consumer = consumer});
          model[id] = {name, model[id].deliveries + 1};
        } else if (kind < 19) {
          CHECK(group.acknowledge(id) == (model.erase(id) == 1));
        } else if (random.one_in(5)) {
          const size_t gone = std::erase_if(
              model, [&](const auto& entry) { return entry.second.consumer == name; });
          CHECK(group.destroy_consumer(*consumer) == gone);
        }
      }
      REQUIRE(group.is_sound());
      CHECK(group.pending().size() == model.size());
      std::map<std::string, size_t> counts;
      for (const auto& [id, pending] : model) {
        const PendingEntry* entry = group.find_pending(id);
        REQUIRE(entry != nullptr);
        CHECK(entry->consumer->name() == pending.consumer);
        CHECK(entry->deliveries == pending.deliveries);
        ++counts[pending.consumer];
      }
      for (const Consumer* consumer : group.consumers().all())
        CHECK(consumer->pending().size() == counts[std::string(consumer->name())]);
    }
    CHECK(bytes == 0);
  }
}
