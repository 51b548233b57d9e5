#include "engine/tracking/tracking_table.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace kvstash::engine {
namespace {

std::vector<uint64_t> clients_of(TrackingTable& table, std::string_view key) {
  std::vector<uint64_t> clients;
  for (const TrackingTable::Reader& reader : table.take(key))
    clients.push_back(reader.client);
  return clients;
}

void sweep_all(TrackingTable& table) {
  while (table.sweep(1)) {
  }
}

}  // namespace

TEST_CASE(
    "a key's readers are remembered once each, in the order of their ids, and then forgotten") {
  TrackingTable table(HashSeed::draw());
  table.remember("k", {.client = 9, .home = 1});
  table.remember("k", {.client = 3, .home = 0});
  table.remember("k", {.client = 9, .home = 1});
  table.remember("other", {.client = 3, .home = 0});
  CHECK(table.key_count() == 2);
  CHECK(table.item_count() == 3);

  const std::vector<TrackingTable::Reader> readers = table.take("k");
  REQUIRE(readers.size() == 2);
  CHECK(readers[0].client == 3);
  CHECK(readers[0].home == 0);
  CHECK(readers[1].client == 9);
  CHECK(readers[1].home == 1);
  CHECK(table.take("k").empty());
  CHECK(table.take("nothing").empty());
  CHECK(table.key_count() == 1);
  CHECK(table.item_count() == 1);
}

TEST_CASE("every key may be drawn by chance, and none that was forgotten") {
  TrackingTable table(HashSeed::draw());
  Random random(7);
  for (int i = 0; i < 20; ++i)
    table.remember("k" + std::to_string(i), {.client = 1, .home = 0});
  for (int i = 0; i < 20; i += 2)
    table.take("k" + std::to_string(i));
  std::set<std::string> drawn;
  for (int i = 0; i < 1000; ++i)
    drawn.emplace(table.random_key(random));
  CHECK(drawn.size() == 10);
  CHECK_FALSE(drawn.contains("k0"));
  CHECK(drawn.contains("k1"));
}

TEST_CASE("a client that has gone is swept out of all keys, and keys without readers with it") {
  TrackingTable table(HashSeed::draw());
  for (int i = 0; i < 50; ++i) {
    table.remember("k" + std::to_string(i), {.client = 1, .home = 0});
    if (i % 2 == 0) table.remember("k" + std::to_string(i), {.client = 2, .home = 0});
  }
  CHECK_FALSE(table.sweep(1000));  // Nobody has gone.
  table.forget(1);
  CHECK(table.sweep(10));
  CHECK(table.item_count() == 65);
  sweep_all(table);
  CHECK(table.key_count() == 25);
  CHECK(table.item_count() == 25);
  CHECK(clients_of(table, "k0") == std::vector<uint64_t>{2});
  CHECK(clients_of(table, "k1").empty());
}

TEST_CASE("what changes while a sweep is under way neither stops it nor is missed by it") {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    TrackingTable table(HashSeed::draw());
    for (uint64_t i = 0; i < 200; ++i)
      table.remember("k" + std::to_string(random.below(100)), {.client = i % 5, .home = 0});
    table.forget(3);
    bool has_asked_again = false;
    for (int step = 0; table.sweep(3); ++step) {
      table.take("k" + std::to_string(random.below(100)));
      table.remember("n" + std::to_string(random.below(20)), {.client = 4, .home = 0});
      if (step == 5 && !has_asked_again) {
        table.forget(2);
        has_asked_again = true;
      }
    }
    sweep_all(table);
    for (int i = 0; i < 100; ++i) {
      for (const uint64_t client : clients_of(table, "k" + std::to_string(i))) {
        CHECK(client != 3);
        if (has_asked_again) CHECK(client != 2);
      }
    }
  }
}

}  // namespace kvstash::engine
