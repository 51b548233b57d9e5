#include "store/consumer_group.h"

#include <doctest/doctest.h>

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
    CHECK(bob.seen_ms == 5);
    CHECK(bob.active_ms == -1);
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
  PendingEntry& second = *group.find_pending({2, 0});
  CHECK(alice.pending().size() == 2);
  group.assign({2, 0}, second, bob);
  group.assign({2, 0}, second, bob);
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
  group->last_id = {9, 9};
  group->entries_read = 12;
  Consumer& alice = group->create_consumer("alice", 3);
  alice.active_ms = 4;
  group->create_consumer("idle", 5);
  group->add_pending({1, 1}, {.delivered_ms = 7, .deliveries = 8, .consumer = &alice});
  copy.copy_from(*group);
  CHECK(bytes == copy_bytes);
  group.reset();
  CHECK(bytes == 0);
  CHECK(names(copy) == std::vector<std::string>{"alice", "idle"});
  CHECK(copy.last_id == StreamId{9, 9});
  CHECK(copy.entries_read == 12);
  const PendingEntry* entry = copy.find_pending({1, 1});
  REQUIRE(entry != nullptr);
  CHECK(entry->consumer->name() == "alice");
  CHECK(entry->consumer->active_ms == 4);
  CHECK(entry->delivered_ms == 7);
  CHECK(entry->deliveries == 8);
  CHECK(copy.is_sound());
}
