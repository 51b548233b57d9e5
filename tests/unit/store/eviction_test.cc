#include "store/eviction.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr HashSeed kSeed{1, 2, 3};

// One shard's databases, with a few words to fill them.
class Databases {
 public:
  explicit Databases(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      owned_.push_back(std::make_unique<Keyspace>(kSeed, memory_, kNow));
      list_.push_back(owned_.back().get());
    }
  }

  static std::string name(size_t number) { return "key:" + std::to_string(number); }

  Entry* add(size_t space, const std::string& key, uint32_t access,
             Keyspace::Deadline deadline = std::nullopt) {
    Entry* entry = list_[space]->put_string(ref(key), nullptr, "v", deadline);
    entry->set_access(access);
    return entry;
  }

  // key:0 is the longest unused; each key one second later than the one before.
  void add_by_age(size_t count, bool with_deadline = false) {
    for (size_t i = 0; i < count; ++i) {
      const auto age_ms = static_cast<int64_t>(count - i) * 1000;
      add(0, name(i), lru_clock(kNow - age_ms),
          with_deadline ? Keyspace::Deadline(kNow + 3'600'000) : std::nullopt);
    }
  }

  Entry* find(size_t space, const std::string& key) const { return list_[space]->find(ref(key)); }

  std::string evict(EvictionPool::Victim victim) {
    const std::string key(victim.entry->key());
    list_[victim.space]->erase(ref(key), victim.entry);
    return key;
  }

  KeyspaceList list() const { return list_; }
  Keyspace& operator[](size_t space) { return *list_[space]; }
  void drop(size_t space) { list_[space] = nullptr; }

 private:
  static KeyRef ref(const std::string& key) { return {key, keyed_hash(key, kSeed)}; }

  ShardMemory memory_;
  std::vector<std::unique_ptr<Keyspace>> owned_;
  std::vector<Keyspace*> list_;
};

size_t number_of(const std::string& key) {
  return std::stoul(key.substr(4));
}

// Of `evicted` victims, how many stood in the first half of 0 .. count - 1.
size_t evict_and_count_first_half(Databases& databases, const EvictionRule& rule, size_t count,
                                  size_t evicted) {
  EvictionPool pool;
  Random random(7);
  size_t first_half = 0;
  for (size_t i = 0; i < evicted; ++i) {
    const auto victim = pool.choose(databases.list(), rule, kNow, random);
    REQUIRE(victim.has_value());
    first_half += number_of(databases.evict(*victim)) < count / 2;
  }
  return first_half;
}

TEST_CASE("the idle time of a key is the seconds since its clock was set") {
  const uint32_t access = lru_clock(kNow);
  CHECK(access < 1u << 24);
  CHECK(idle_ms(access, kNow) == 0);
  CHECK(idle_ms(access, kNow + 999) == 0);
  CHECK(idle_ms(access, kNow + 1000) == 1000);
  CHECK(idle_ms(access, kNow + 86'400'000) == 86'400'000);
}

TEST_CASE("the idle time survives the wrap of the 24-bit clock") {
  const int64_t before_wrap = ((int64_t{1} << 24) - 3) * 1000;
  CHECK(lru_clock(before_wrap) == (1u << 24) - 3);
  CHECK(lru_clock(before_wrap + 5000) == 2);
  CHECK(idle_ms(lru_clock(before_wrap), before_wrap + 5000) == 5000);
}

TEST_CASE("a key used before the wall clock was set back by an hour is not idle") {
  CHECK(idle_ms(lru_clock(kNow + 3'600'000), kNow) == 0);
  CHECK(idle_ms(lru_clock(kNow + 3'602'000), kNow) > 0);
  Random random(1);
  const uint32_t used = lfu_touch(lfu_fresh(kNow), kNow, {}, random);
  CHECK(lfu_counter(used, kNow - 3'600'000, 1) == lfu_counter(used, kNow, 1));
}

TEST_CASE("a new key's LFU counter is 5 and sinks by one for every decay time") {
  const uint32_t access = lfu_fresh(kNow);
  CHECK(lfu_counter(access, kNow, 1) == 5);
  CHECK(lfu_counter(access, kNow + 3 * 60'000, 1) == 2);
  CHECK(lfu_counter(access, kNow + 60 * 60'000, 1) == 0);
  CHECK(lfu_counter(access, kNow + 19 * 60'000, 10) == 4);
  CHECK(lfu_counter(access, kNow + 60 * 60'000, 0) == 5);
}

TEST_CASE("a touch writes the decayed counter and starts the decay anew") {
  Random random(1);
  const LfuTuning never_up{.log_factor = 1'000'000'000, .decay_time_min = 1};
  const int64_t later = kNow + 10 * 60'000;
  const uint32_t access = lfu_touch(lfu_fresh(kNow) + 20, later, never_up, random);
  CHECK(lfu_counter(access, later, 1) == 15);
  CHECK(lfu_counter(access, later + 60'000, 1) == 14);
}

TEST_CASE("the LFU counter grows with every use while it is at most 5") {
  Random random(1);
  uint32_t access = lfu_fresh(kNow) - 5;
  for (unsigned expected = 1; expected <= 6; ++expected) {
    access = lfu_touch(access, kNow, {}, random);
    CHECK(lfu_counter(access, kNow, 1) == expected);
  }
}

TEST_CASE("the LFU counter is logarithmic: about 10, 18, 142 and 255 as redis.conf tells") {
  // Hits and counter with factor 10, from the table in Redis's documentation.
  struct Row {
    size_t hits;
    unsigned low;
    unsigned high;
  };
  for (const Row& row : {Row{100, 8, 12}, Row{1000, 15, 22}, Row{100'000, 130, 155}}) {
    CAPTURE(row.hits);
    Random random(42);
    uint32_t access = lfu_fresh(kNow);
    for (size_t i = 0; i < row.hits; ++i)
      access = lfu_touch(access, kNow, {}, random);
    CHECK(lfu_counter(access, kNow, 1) >= row.low);
    CHECK(lfu_counter(access, kNow, 1) <= row.high);
  }
}

TEST_CASE("the LFU counter stops at 255") {
  Random random(42);
  uint32_t access = lfu_fresh(kNow);
  for (unsigned i = 0; i < 1000; ++i)
    access = lfu_touch(access, kNow, {.log_factor = 0}, random);
  CHECK(lfu_counter(access, kNow, 1) == 255);
}

TEST_CASE("LRU evicts almost only from the longer unused half") {
  Databases databases(1);
  databases.add_by_age(2000);
  CHECK(evict_and_count_first_half(databases, {}, 2000, 800) > 780);
}

TEST_CASE("volatile LRU evicts almost only from the longer unused half of keys with a deadline") {
  Databases databases(1);
  databases.add_by_age(2000, true);
  for (size_t i = 0; i < 4000; ++i)
    databases.add(0, "stays:" + std::to_string(i), lru_clock(kNow - 100'000'000));
  CHECK(evict_and_count_first_half(databases, {.volatile_only = true}, 2000, 800) > 780);
}

TEST_CASE("volatile eviction finds the few keys with a deadline among many without") {
  Databases databases(1);
  for (size_t i = 0; i < 3000; ++i)
    databases.add(0, "stays:" + std::to_string(i), lru_clock(kNow));
  for (size_t i = 0; i < 10; ++i)
    databases.add(0, Databases::name(i), lru_clock(kNow), kNow + 1000);
  for (const EvictionOrder order :
       {EvictionOrder::kLru, EvictionOrder::kRandom, EvictionOrder::kTtl}) {
    EvictionPool pool;
    Random random(3);
    for (size_t i = 0; i < 3; ++i) {
      const auto victim =
          pool.choose(databases.list(), {.order = order, .volatile_only = true}, kNow, random);
      REQUIRE(victim.has_value());
      CHECK(databases.evict(*victim).starts_with("key:"));
    }
  }
}

TEST_CASE("LFU evicts the keys with the lowest counters, of these the longest unused") {
  Databases databases(1);
  const uint32_t minute = lfu_fresh(kNow) & ~255u;
  for (size_t i = 0; i < 1000; ++i)
    databases.add(0, Databases::name(i), minute | static_cast<uint32_t>(5 + i / 10));
  CHECK(evict_and_count_first_half(databases, {.order = EvictionOrder::kLfu}, 1000, 400) > 390);

  Databases twins(1);
  twins.add(0, "key:1", 1u << 8 | 5);
  twins.add(0, "key:2", 4u << 8 | 5);
  EvictionPool pool;
  Random random(5);
  const EvictionRule never_sinks{
      .order = EvictionOrder::kLfu, .samples = 30, .lfu_decay_time_min = 0};
  const auto victim = pool.choose(twins.list(), never_sinks, 600'000, random);
  REQUIRE(victim.has_value());
  CHECK(twins.evict(*victim) == "key:1");
}

TEST_CASE("random eviction favours neither half") {
  Databases databases(1);
  databases.add_by_age(2000);
  const size_t old_half =
      evict_and_count_first_half(databases, {.order = EvictionOrder::kRandom}, 2000, 800);
  CHECK(old_half > 320);
  CHECK(old_half < 480);
}

TEST_CASE("TTL eviction takes the keys in about the order of their deadlines") {
  Databases databases(2);
  for (size_t i = 0; i < 200; ++i)
    databases.add(i % 2, Databases::name(i), 0, kNow + static_cast<int64_t>(i) * 60'000 + 1000);
  databases.add(0, "key:9999", 0);
  const EvictionRule rule{.order = EvictionOrder::kTtl, .volatile_only = true};
  EvictionPool pool;
  Random random(1);
  for (size_t i = 0; i < 200; ++i) {
    const auto victim = pool.choose(databases.list(), rule, kNow, random);
    REQUIRE(victim.has_value());
    const size_t number = number_of(databases.evict(*victim));
    CHECK(number < i + 40);  // A slot of the wheel is up to 17 minutes wide here, in each of two.
  }
  CHECK(!pool.choose(databases.list(), rule, kNow, random).has_value());
}

TEST_CASE("a key that was used after it became a candidate is spared") {
  Databases databases(1);
  databases.add_by_age(10);
  const EvictionRule sees_all{.samples = 200};
  EvictionPool pool;
  Random random(9);
  const auto first = pool.choose(databases.list(), sees_all, kNow, random);
  REQUIRE(first.has_value());
  CHECK(databases.evict(*first) == "key:0");
  CHECK(pool.size() == 9);

  databases.find(0, "key:1")->set_access(lru_clock(kNow));
  const auto second = pool.choose(databases.list(), {.samples = 1}, kNow, random);
  REQUIRE(second.has_value());
  CHECK(databases.evict(*second) == "key:2");
}

TEST_CASE("candidates that are gone, or whose whole database is, are passed over") {
  Databases databases(2);
  databases.add_by_age(10);
  databases.add(1, "key:100", lru_clock(kNow - 1000));
  EvictionPool pool;
  Random random(9);
  REQUIRE(pool.choose(databases.list(), {.samples = 200}, kNow, random).has_value());
  databases.drop(0);
  const auto victim = pool.choose(databases.list(), {.samples = 1}, kNow, random);
  REQUIRE(victim.has_value());
  CHECK(victim->space == 1);
  CHECK(databases.evict(*victim) == "key:100");
  CHECK(!pool.choose(databases.list(), {}, kNow, random).has_value());
}

TEST_CASE(
    "the pool never holds more than sixteen candidates, and forgets them when the order changes") {
  Databases databases(1);
  databases.add_by_age(500);
  EvictionPool pool;
  Random random(2);
  for (unsigned i = 0; i < 50; ++i) {
    REQUIRE(pool.choose(databases.list(), {.samples = 10}, kNow, random).has_value());
    CHECK(pool.size() <= EvictionPool::kCandidatesMax);
  }
  const auto chosen =
      pool.choose(databases.list(), {.order = EvictionOrder::kLfu, .samples = 1}, kNow, random);
  CHECK(chosen.has_value());
  CHECK(pool.size() == 0);
}

TEST_CASE("eviction goes on until no key falls under the rule") {
  Databases databases(3);
  for (size_t i = 0; i < 300; ++i)
    databases.add(i % 3, Databases::name(i), lru_clock(kNow - static_cast<int64_t>(i) * 1000),
                  i % 5 == 0 ? Keyspace::Deadline(kNow + 1000) : std::nullopt);
  EvictionPool pool;
  Random random(4);
  size_t with_deadline = 0;
  while (const auto victim = pool.choose(databases.list(), {.volatile_only = true}, kNow, random)) {
    CHECK(number_of(databases.evict(*victim)) % 5 == 0);
    ++with_deadline;
  }
  CHECK(with_deadline == 60);
  size_t rest = 0;
  while (const auto victim = pool.choose(databases.list(), {}, kNow, random)) {
    databases.evict(*victim);
    ++rest;
  }
  CHECK(rest == 240);
}

TEST_CASE("the same seed chooses the same victims") {
  std::vector<std::string> runs[2];
  for (std::vector<std::string>& run : runs) {
    Databases databases(2);
    databases.add_by_age(300);
    EvictionPool pool;
    Random random(11);
    for (unsigned i = 0; i < 100; ++i)
      run.push_back(databases.evict(*pool.choose(databases.list(), {}, kNow, random)));
  }
  CHECK(runs[0] == runs[1]);
}

}  // namespace
}  // namespace kvstash::store
