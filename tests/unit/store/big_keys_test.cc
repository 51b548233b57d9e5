#include "store/big_keys.h"

#include "base/random.h"
#include "store/keyspace.h"
#include "store/list.h"
#include "store/set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

namespace kvstash::store {
namespace {

std::vector<std::string> names_of(const LargestKeys& keys) {
  std::vector<std::string> names;
  for (const LargestKeys::Key& key : keys.keys())
    names.push_back(key.name);
  std::ranges::sort(names);
  return names;
}

struct Space {
  KeyRef ref(const std::string& name) const { return {name, keyed_hash(name, seed)}; }

  void put_string(const std::string& name, size_t size) {
    keys.put_text(ref(name), keys.find(ref(name)), std::string(size, 'x'), Encoding::kRaw, {});
  }
  void put_set(const std::string& name, int members) {
    Set set;
    for (int i = 0; i < members; ++i)
      set.add(i, {.seed = seed});
    keys.put_object(ref(name), keys.find(ref(name)), ValueType::kSet, set.release(), {});
  }
  const BigKey* find(const std::vector<BigKey>& all, const std::string& name) const {
    const auto at = std::ranges::find(all, name, &BigKey::name);
    return at == all.end() ? nullptr : &*at;
  }

  HashSeed seed{};
  ShardMemory memory;
  Keyspace keys{seed, memory, 0};
};

}  // namespace

TEST_CASE("the largest stay, whatever the order in which they come") {
  Random random(1);
  for (int round = 0; round < 50; ++round) {
    LargestKeys keys(10);
    std::map<uint64_t, std::string> model;
    for (int i = 0; i < 100; ++i) {
      const uint64_t size = random.below(1'000'000);
      const std::string name = "k" + std::to_string(i);
      if (!model.emplace(size, name).second) continue;
      keys.note(name, size, size);
    }
    std::vector<std::string> wanted;
    for (auto at = model.rbegin(); wanted.size() < LargestKeys::kKept; ++at)
      wanted.push_back(at->second);
    std::ranges::sort(wanted);
    CHECK(names_of(keys) == wanted);
  }
}

TEST_CASE("a key that is known changes its size, small ones and long names stay out") {
  LargestKeys keys(10);
  keys.note("a", 1, 20);
  keys.note("a", 1, 30);
  keys.note("small", 2, 9);
  keys.note(std::string(LargestKeys::kNameBytesMax + 1, 'x'), 3, 100);
  REQUIRE(keys.keys().size() == 1);
  CHECK(keys.keys()[0].size == 30);
  keys.refresh([](const LargestKeys::Key&) { return 9; });
  CHECK(keys.keys().empty());
}

TEST_CASE("after a look there is room again for what is smaller than what was") {
  LargestKeys keys(10);
  for (uint64_t i = 0; i < LargestKeys::kKept; ++i)
    keys.note("big" + std::to_string(i), i, 1000 + i);
  keys.note("other", 99, 500);
  CHECK(names_of(keys).front() == "big0");
  keys.refresh([](const LargestKeys::Key& key) { return key.hash == 0 ? 0 : key.size; });
  keys.note("other", 99, 500);
  CHECK(names_of(keys).back() == "other");
}

TEST_CASE("a keyspace knows its large strings and containers as they are now") {
  Space space;
  space.put_string("small", 100);
  space.put_string("text", 100'000);
  space.put_set("members", 5000);
  space.put_set("few", 100);
  std::vector<BigKey> all = space.keys.big_keys();
  CHECK(all.size() == 2);
  REQUIRE(space.find(all, "text") != nullptr);
  CHECK(space.find(all, "text")->elements == 100'000);
  CHECK(space.find(all, "text")->bytes >= 100'000);
  REQUIRE(space.find(all, "members") != nullptr);
  CHECK(space.find(all, "members")->type == ValueType::kSet);
  CHECK(space.find(all, "members")->elements == 5000);

  // Another type, gone, another name: what is told is what is there.
  space.put_set("text", 2000);
  space.keys.erase(space.ref("members"), space.keys.find(space.ref("members")));
  all = space.keys.big_keys();
  REQUIRE(all.size() == 1);
  CHECK(all[0].type == ValueType::kSet);
  space.keys.move_in(space.ref("renamed"), space.keys, space.ref("text"),
                     space.keys.find(space.ref("text")));
  all = space.keys.big_keys();
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "renamed");
  space.keys.copy_in(space.ref("copy"), *space.keys.find(space.ref("renamed")));
  CHECK(space.keys.big_keys().size() == 2);
}

TEST_CASE("strings that grow in place and containers that grow by writes become big") {
  Space space;
  std::span<char> bytes;
  Entry* entry = space.keys.open_string(space.ref("s"), nullptr, 100, bytes);
  CHECK(space.keys.big_keys().empty());
  space.keys.open_string(space.ref("s"), entry, 50'000, bytes);
  CHECK(space.keys.big_keys().size() == 1);

  space.put_set("set", 10);
  entry = space.keys.find(space.ref("set"));
  Set set = Set::adopt(space.keys.open_object(space.ref("set"), *entry));
  const size_t before = set.bytes();
  for (int i = 0; i < 3000; ++i)
    set.add(i, {.seed = space.seed});
  space.keys.update_object(space.ref("set"), entry, set.release(), before);
  const std::vector<BigKey> all = space.keys.big_keys();
  REQUIRE(space.find(all, "set") != nullptr);
  CHECK(space.find(all, "set")->elements == 3000);
}

}  // namespace kvstash::store
