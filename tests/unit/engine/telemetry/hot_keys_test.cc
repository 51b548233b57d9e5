#include "engine/telemetry/hot_keys.h"

#include "base/hash.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::engine {
namespace {

constexpr int64_t kStart = 1'000'000;

struct Sketch {
  // `times` accesses to a key.
  void use(const std::string& name, int times, uint32_t db = 0) {
    for (int i = 0; i < times; ++i)
      keys.note(db, name, keyed_hash(name, seed));
  }

  HashSeed seed{};
  HotKeys keys{7, kStart};
};

bool is_near(uint64_t value, double wanted, double part) {
  return static_cast<double>(value) > wanted * (1 - part) &&
         static_cast<double>(value) < wanted * (1 + part);
}

}  // namespace

TEST_CASE("a hot key is found among many cold ones, with its rate") {
  Sketch sketch;
  constexpr int kSeconds = 20;
  for (int second = 1; second <= kSeconds; ++second) {
    for (int i = 0; i < 1000; ++i) {
      sketch.use("hot", 10);
      sketch.use("warm", 5);
      for (int k = 0; k < 10; ++k)
        sketch.use("cold" + std::to_string((second * 10'000 + i * 10 + k) * 7919 % 200'003), 1);
    }
    sketch.keys.fade(kStart + second * 1000);
  }
  const auto hottest = sketch.keys.hottest(kStart + kSeconds * 1000);
  REQUIRE(hottest.size() >= 2);
  CHECK(hottest[0].name == "hot");
  CHECK(is_near(hottest[0].per_second, 10'000, 0.2));
  CHECK(hottest[1].name == "warm");
  CHECK(is_near(hottest[1].per_second, 5000, 0.25));
  CHECK(hottest[1].error < hottest[1].per_second / 2);
}

TEST_CASE("what was hot is forgotten when it is not used any more") {
  Sketch sketch;
  sketch.use("yesterday", 100'000);
  sketch.keys.fade(kStart + 1000);
  CHECK(sketch.keys.hottest(kStart + 1000).size() == 1);
  for (int second = 2; second <= 40; ++second) {
    sketch.use("today", 1000);
    sketch.keys.fade(kStart + second * 1000);
  }
  const auto later = sketch.keys.hottest(kStart + 40'000);
  REQUIRE(!later.empty());
  CHECK(later[0].name == "today");
  for (int second = 41; second <= 160; ++second)
    sketch.keys.fade(kStart + second * 1000);
  CHECK(sketch.keys.hottest(kStart + 160'000).empty());
}

TEST_CASE("keys of the same name in two databases are two keys") {
  Sketch sketch;
  sketch.use("k", 10'000, 0);
  sketch.use("k", 30'000, 5);
  const auto hottest = sketch.keys.hottest(kStart + 1000);
  REQUIRE(hottest.size() == 2);
  CHECK(hottest[0].db == 5);
  CHECK(hottest[1].db == 0);
}

TEST_CASE("keys that are all alike are not shown as hot, and the table stays small") {
  Sketch sketch;
  for (int i = 0; i < 300'000; ++i)
    sketch.use("key" + std::to_string(i), 1);
  CHECK(sketch.keys.hottest(kStart + 1000).empty());
}

TEST_CASE("long names are cut, and a reset forgets all") {
  Sketch sketch;
  sketch.use(std::string(5000, 'x'), 10'000);
  REQUIRE(sketch.keys.hottest(kStart + 1000).size() == 1);
  CHECK(sketch.keys.hottest(kStart + 1000)[0].name.size() == HotKeys::kNameBytesMax);
  sketch.keys.reset(kStart + 1000);
  CHECK(sketch.keys.hottest(kStart + 1000).empty());
}

TEST_CASE("the hottest of several lists come first, ties by name") {
  std::vector<HotKey> keys = {{"b", 0, 5, 0}, {"a", 0, 5, 0}, {"c", 1, 9, 1}, {"d", 0, 1, 0}};
  keep_hottest(keys, 3);
  REQUIRE(keys.size() == 3);
  CHECK(keys[0].name == "c");
  CHECK(keys[1].name == "a");
  CHECK(keys[2].name == "b");
}

}  // namespace kvstash::engine
