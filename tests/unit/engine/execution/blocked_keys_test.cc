#include "engine/execution/blocked_keys.h"

#include "engine/execution/waiter.h"

#include <doctest/doctest.h>

namespace kvstash::engine {
namespace {

std::shared_ptr<Waiter> waiter(uint64_t number, bool wakes_without_key = false) {
  auto made = std::make_shared<Waiter>();
  made->number = number;
  made->wakes_without_key = wakes_without_key;
  return made;
}

TEST_CASE("waiters stand in the order of their numbers, each once a key") {
  BlockedKeys keys;
  const auto first = waiter(1), second = waiter(2);
  keys.add(DbIndex{0}, "k", second);
  keys.add(DbIndex{0}, "k", first);
  keys.add(DbIndex{0}, "k", first);
  BlockedKeys::Queue* queue = keys.find(DbIndex{0}, "k");
  REQUIRE(queue != nullptr);
  CHECK(queue->waiters.size() == 2);
  CHECK(queue->waiters.begin()->second == first);
  CHECK(keys.find(DbIndex{1}, "k") == nullptr);
}

TEST_CASE("a key is forgotten with its last waiter") {
  BlockedKeys keys;
  const auto one = waiter(1, true);
  keys.add(DbIndex{0}, "k", one);
  CHECK(keys.size_without_key() == 1);
  keys.remove(DbIndex{0}, "k", *one);
  keys.remove(DbIndex{0}, "k", *one);
  CHECK(keys.empty());
  CHECK(keys.size_without_key() == 0);
}

TEST_CASE("keys that changed are looked at once each, the oldest first") {
  BlockedKeys keys;
  keys.add(DbIndex{0}, "a", waiter(1));
  keys.add(DbIndex{3}, "b", waiter(2));
  keys.note_change(DbIndex{3}, "b");
  keys.note_change(DbIndex{0}, "a");
  keys.note_change(DbIndex{3}, "b");
  keys.note_change(DbIndex{0}, "nobody waits");
  const auto first = keys.take_ready();
  REQUIRE(first.has_value());
  CHECK(first->key == "b");
  CHECK(first->db == DbIndex{3});
  CHECK(keys.take_ready()->key == "a");
  CHECK_FALSE(keys.take_ready().has_value());
  CHECK_FALSE(keys.has_ready());
}

TEST_CASE("a key whose last waiter went while it was ready is passed over") {
  BlockedKeys keys;
  const auto one = waiter(1);
  keys.add(DbIndex{0}, "a", one);
  keys.note_change(DbIndex{0}, "a");
  keys.remove(DbIndex{0}, "a", *one);
  CHECK_FALSE(keys.take_ready().has_value());
  CHECK(keys.empty());
}

TEST_CASE("all keys of a database can be made ready") {
  BlockedKeys keys;
  keys.add(DbIndex{0}, "a", waiter(1));
  keys.add(DbIndex{1}, "b", waiter(2));
  keys.add(DbIndex{1}, "c", waiter(3));
  keys.note_changes(DbIndex{1});
  size_t ready = 0;
  while (keys.take_ready())
    ++ready;
  CHECK(ready == 2);
}

}  // namespace
}  // namespace kvstash::engine
