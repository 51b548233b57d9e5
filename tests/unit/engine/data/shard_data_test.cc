#include "engine/data/shard_data.h"

#include "engine/execution/waiter.h"
#include "support/death.h"

#include <doctest/doctest.h>

#include <memory>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr DbIndex kZero{0};
constexpr DbIndex kTwo{2};

struct Fixture {
  void put(DbIndex db, std::string_view key) {
    data.keyspace(db).put_string(data.ref(key), nullptr, "v", std::nullopt);
  }
  std::vector<uint32_t> stored_databases() const {
    std::vector<uint32_t> found;
    data.each_keyspace([&found](DbIndex db, const store::Keyspace&) {
      found.push_back(static_cast<uint32_t>(db));
    });
    return found;
  }

  ShardData data{
      {.id = 3, .databases = 4, .seed = HashSeed::draw(), .sample_seed = 1, .now_ms = 1'000'000}};
};

}  // namespace

TEST_CASE("a database is there once it is asked for, and visited in its order") {
  Fixture f;
  CHECK(f.data.id() == 3);
  CHECK(f.data.database_count() == 4);
  CHECK(f.data.keyspace_if_any(kTwo) == nullptr);
  CHECK(f.stored_databases().empty());
  f.put(kTwo, "k");
  f.put(kZero, "k");
  CHECK(f.data.keyspace_if_any(kTwo) == &f.data.keyspace(kTwo));
  CHECK(f.stored_databases() == std::vector<uint32_t>{0, 2});
}

TEST_CASE("a database that is taken out is empty afterwards, and its memory goes with it") {
  Fixture f;
  f.put(kTwo, "k");
  CHECK(f.data.memory().bytes != 0);
  const std::unique_ptr<store::Keyspace> taken = f.data.take_keyspace(kTwo);
  CHECK(taken->size() == 1);
  CHECK(f.data.keyspace_if_any(kTwo) == nullptr);
  CHECK(f.data.take_keyspace(kTwo) == nullptr);
}

TEST_CASE("databases that are exchanged leave no candidate for eviction behind") {
  Fixture f;
  for (const std::string_view key : {"a", "b", "c", "d", "e", "f", "g", "h"})
    f.put(kZero, key);
  Random random(7);
  std::vector<store::Keyspace*> spaces{f.data.keyspace_if_any(kZero), nullptr, nullptr, nullptr};
  REQUIRE(f.data.victims().choose(spaces, {}, 2'000'000, random));
  REQUIRE(f.data.victims().size() != 0);
  f.data.exchange(kZero, kTwo);
  CHECK(f.data.victims().size() == 0);
  CHECK(f.data.keyspace_if_any(kZero) == nullptr);
  CHECK(f.data.keyspace(kTwo).size() == 8);
}

TEST_CASE("bytes count entries and what stands beside them") {
  Fixture f;
  CHECK(f.data.bytes() == 0);
  CHECK(f.data.mapped_bytes() == 0);
  f.put(kZero, "k");
  CHECK(f.data.bytes() > f.data.memory().bytes);
  const size_t before = f.data.bytes();
  f.put(kTwo, "k");
  CHECK(f.data.bytes() >= before + sizeof(store::Keyspace));
}

TEST_CASE(
    "a shard keeps its limit as long as its data is below the goal, and not before it has one") {
  Fixture f;
  CHECK_FALSE(f.data.is_within_memory());
  f.data.set_memory_goal(1);
  CHECK(f.data.is_within_memory());
  f.put(kZero, "k");
  CHECK_FALSE(f.data.is_within_memory());
}

TEST_CASE("whoever watches, waits for, caches or follows keys listens") {
  Fixture f;
  CHECK_FALSE(f.data.has_listeners());
  SUBCASE("a watcher") {
    f.data.watches().watch(kZero, "k");
    CHECK_FALSE(f.data.is_tracked());
  }
  SUBCASE("a waiter") {
    f.data.blocked_keys().add(kZero, "k", std::make_shared<Waiter>());
    CHECK_FALSE(f.data.is_tracked());
  }
  SUBCASE("a reader") {
    f.data.readers().remember("k", {.client = 1, .home = 0});
    CHECK(f.data.is_tracked());
  }
  SUBCASE("a follower") {
    f.data.prefixes().add("k", 0);
    CHECK(f.data.is_tracked());
  }
  CHECK(f.data.has_listeners());
}

TEST_CASE("a database that does not exist is a mistake of ours") {
  Fixture f;
  CHECK(test::breaks_invariant([&f] { f.data.keyspace(DbIndex{4}); }, "shard_data.h"));
}

}  // namespace kvstash::engine
