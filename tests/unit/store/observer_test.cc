// The door for snapshots: whatever happens to keyspaces and to the values in them, a copy from
// pre-images alone is what a real copy is.

#include "store/observer.h"

#include "base/random.h"
#include "store/keyspace.h"
#include "support/cut_copy.h"
#include "support/model_seed.h"
#include "support/random_keyspaces.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::store {
namespace {

using test::CutCopy;
using test::KeyspaceImage;

constexpr HashSeed kSeed{11, 12, 13};
constexpr size_t kSpaces = 3;
constexpr HashOptions kHashOptions{.listpack_entries_max = 8, .seed = kSeed};
constexpr SetOptions kSetOptions{
    .intset_entries_max = 10, .listpack_entries_max = 8, .seed = kSeed};
constexpr SortedSetOptions kSortedSetOptions{.listpack_entries_max = 8, .seed = kSeed};
constexpr StreamLimits kStreamLimits{.block_entries_max = 5};

// Changes things for a while, copies them twice, changes them further, and compares the copies.
void check_cuts(uint64_t seed, int cuts) {
  CAPTURE(seed);
  test::RandomKeyspaces machine(seed);
  for (int cut = 0; cut < cuts; ++cut) {
    CAPTURE(cut);
    for (uint64_t left = machine.random().below(2500); left != 0; --left)
      machine.step();
    std::vector<KeyspaceImage> real;
    for (const Keyspace* space : machine.spaces())
      real.push_back(test::image_of(*space));
    CutCopy copy(machine.spaces(), {&machine.memory()});
    const bool walks = !machine.random().one_in(3);
    for (uint64_t left = machine.random().below(2500); left != 0; --left) {
      machine.step();
      if (walks && machine.random().one_in(10))
        copy.walk({.buckets = 1 + machine.random().below(3), .elements = 5});
    }
    const std::vector<KeyspaceImage> copied = copy.finish(machine.spaces());
    for (size_t i = 0; i < real.size(); ++i)
      REQUIRE(test::difference(copied[i], real[i]) == "");
  }
}

KeyRef key_ref(std::string_view name) {
  return {name, keyed_hash(name, kSeed)};
}

// A keyspace, and an observer that writes down what it hears.
class Listened final : public KeyspaceObserver {
 public:
  Listened() { space_.set_observer(this); }

  void before_change(Keyspace& space, const KeyRef& key, Entry& entry) override {
    hear("change ", space, key, entry);
  }
  void born(Keyspace& space, const KeyRef& key, Entry& entry) override {
    hear("born ", space, key, entry);
  }
  void before_drop(std::unique_ptr<Keyspace>&) override { heard_ += "drop"; }

  Keyspace& space() { return space_; }
  ShardMemory& memory() { return memory_; }
  std::string take_heard() { return std::exchange(heard_, {}); }

 private:
  void hear(std::string_view what, const Keyspace& space, const KeyRef& key, const Entry& entry) {
    CHECK(space.find(key) == &entry);
    NumberText scratch;
    heard_ += heard_.empty() ? "" : ", ";
    heard_ +=
        std::string(what) + std::string(key.name) + "=" + std::string(string_bytes(entry, scratch));
  }

  ShardMemory memory_;
  Keyspace space_{kSeed, memory_, 0};
  std::string heard_;
};

}  // namespace

TEST_CASE("what was there at a moment is known from pre-images alone, whatever happens after") {
  if (const std::optional<uint64_t> seed = test::model_seed()) return check_cuts(*seed, 20);
  for (uint64_t seed = 1; seed <= 40; ++seed)
    check_cuts(seed, 4);
}

TEST_CASE("an observer hears of a change before it is made, and of births after") {
  Listened listened;
  Keyspace& space = listened.space();
  Entry* entry = space.put_string(key_ref("k"), nullptr, "1", std::nullopt);
  CHECK(listened.take_heard() == "born k=1");
  entry = space.put_integer(key_ref("k"), entry, 2, std::nullopt);
  CHECK(listened.take_heard() == "change k=1");
  entry = space.set_deadline(key_ref("k"), entry, 5000);
  CHECK(listened.take_heard() == "change k=2");
  entry->set_access(7);
  space.set_mark(*entry, Mark::kFirst, true);
  CHECK(listened.take_heard().empty());
  entry = space.move_in(key_ref("other"), space, key_ref("k"), entry);
  CHECK(listened.take_heard() == "change k=2, born other=2");
  CHECK_FALSE(entry->has_marks());
  space.copy_in(key_ref("copy"), *entry);
  CHECK(listened.take_heard() == "born copy=2");
  std::span<char> bytes;
  entry = space.open_string(key_ref("other"), entry, 4, bytes);
  CHECK(listened.take_heard() == "change other=2");
  entry = space.cut_string(key_ref("other"), entry, 0);
  CHECK(listened.take_heard() == std::string("change other=2\0\0\0", 17));
  space.erase(key_ref("other"), entry);
  CHECK(listened.take_heard() == "change other=");
}

TEST_CASE("keyspaces made while there is an observer for new ones are observed from their birth") {
  Listened listened;
  listened.memory().observer = &listened;
  Keyspace later(kSeed, listened.memory(), 0);
  later.put_string(key_ref("k"), nullptr, "v", std::nullopt);
  CHECK(listened.take_heard() == "born k=v");
  listened.memory().observer = nullptr;
  Keyspace still_later(kSeed, listened.memory(), 0);
  still_later.put_string(key_ref("k"), nullptr, "v", std::nullopt);
  CHECK(listened.take_heard().empty());
}

TEST_CASE("a large value that is dropped goes to its observer, and counts no longer") {
  ShardMemory memory;
  Keyspace space(kSeed, memory, 0);
  Hash hash;
  for (int i = 0; i < 20'000; ++i)
    hash.set(std::to_string(i), "value", kHashOptions);
  Entry* entry =
      space.put_object(key_ref("k"), nullptr, ValueType::kHash, hash.release(), std::nullopt);
  std::unique_ptr<test::Shadow> shadow = test::shadow_of(*entry);
  REQUIRE(shadow != nullptr);
  space.put_string(key_ref("k"), entry, "small", std::nullopt);
  CHECK(memory.garbage.empty());
  CHECK(memory.bytes == Keyspace::bytes_of(*space.find(key_ref("k"))));
  CHECK(shadow->finish().size() == 20'000);

  const std::string text(100'000, 't');
  entry = space.put_string(key_ref("k"), space.find(key_ref("k")), text, std::nullopt);
  shadow = test::shadow_of(*entry);
  REQUIRE(shadow != nullptr);
  space.erase(key_ref("k"), entry);
  CHECK(memory.garbage.empty());
  CHECK(memory.bytes == 0);
  CHECK(shadow->finish() == std::vector<std::string>{text});

  entry = space.put_string(key_ref("k"), nullptr, text, std::nullopt);
  space.erase(key_ref("k"), entry);  // Nobody observes: the reaper's.
  CHECK(memory.garbage.size() == 1);
}

TEST_CASE("values of a keyspace that nobody takes go to their own observers") {
  ShardMemory memory;
  std::optional<Keyspace> space(std::in_place, kSeed, memory, 0);
  const auto put = [&](std::string_view name, auto value) {
    const ValueType type = decltype(value)::kType;
    return test::shadow_of(
        *space->put_object(key_ref(name), nullptr, type, value.release(), std::nullopt));
  };
  Hash hash;
  Set set;
  SortedSet sorted;
  List list;
  Stream stream;
  for (uint64_t i = 1; i <= 100; ++i) {
    const std::string name = "n" + std::to_string(i);
    const std::array<std::string_view, 2> pair{name, name};
    hash.set(name, name, kHashOptions);
    set.add(std::string_view(name), kSetOptions);
    sorted.add(name, 1, kSortedSetOptions);
    list.push(ListEnd::kTail, pair, {.listpack_size = 4});
    stream.append({i, 0}, pair, kStreamLimits);
  }
  std::vector<std::unique_ptr<test::Shadow>> shadows;
  shadows.push_back(put("hash", std::move(hash)));
  shadows.push_back(put("set", std::move(set)));
  shadows.push_back(put("sorted", std::move(sorted)));
  shadows.push_back(put("list", std::move(list)));
  shadows.push_back(put("stream", std::move(stream)));
  shadows.push_back(test::shadow_of(
      *space->put_string(key_ref("string"), nullptr, std::string(9000, 's'), std::nullopt)));
  space.reset();
  CHECK(memory.bytes == 0);
  for (const auto& shadow : shadows) {
    REQUIRE(shadow != nullptr);
    CHECK_FALSE(shadow->finish().empty());
  }
}

TEST_CASE("a keyspace that is dropped whole goes to its observer, whose marks go with it") {
  ShardMemory memory;
  auto space = std::make_unique<Keyspace>(kSeed, memory, 0);
  Keyspace* address = space.get();
  for (int i = 0; i < 100; ++i)
    space->put_string(key_ref("k" + std::to_string(i)), nullptr, "v", std::nullopt);
  CutCopy copy({address}, {&memory});
  space->erase(key_ref("k7"), space->find(key_ref("k7")));
  space->put_string(key_ref("k8"), space->find(key_ref("k8")), "new", std::nullopt);
  CHECK(copy.told() == 2);
  CHECK(address->marked(Mark::kFirst) == 1);
  Keyspace::drop(std::move(space), Keyspace::Free::kByReaper);
  CHECK(copy.told() == 3);
  CHECK(memory.bytes == 0);
  CHECK(memory.garbage.empty());
  const std::vector<KeyspaceImage> copied = copy.finish({});
  CHECK(copied[0].size() == 100);
  CHECK(copied[0].at("k8").parts == std::vector<std::string>{"v"});
}

TEST_CASE("two snapshots mark the same keys apart") {
  ShardMemory memory;
  Keyspace space(kSeed, memory, 0);
  Entry* entry = space.put_string(key_ref("k"), nullptr, "v", std::nullopt);
  space.set_mark(*entry, Mark::kFirst, true);
  space.set_mark(*entry, Mark::kSecond, true);
  entry = space.put_string(key_ref("k"), entry, std::string(3000, 'v'), 5000);
  CHECK(entry->has_mark(Mark::kFirst));
  space.set_mark(*entry, Mark::kFirst, false);
  CHECK(entry->has_mark(Mark::kSecond));
  CHECK(space.marked(Mark::kFirst) == 0);
  CHECK(space.marked(Mark::kSecond) == 1);
}

TEST_CASE("a walk down a sorted set sees each element that stays once, and none twice") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    SortedSet set;
    const auto name = [](uint64_t number) { return "m" + std::to_string(number); };
    for (uint64_t i = 0; i < 300; ++i)
      set.add(name(i), static_cast<double>(random.below(20)), kSortedSetOptions);
    SortedSet::Descent place;
    std::vector<std::string> seen;
    std::optional<std::pair<double, std::string>> last;
    const auto visit = [&](std::string_view member, double score) {
      const std::pair<double, std::string> here(score, member);
      REQUIRE((!last || here < *last));
      last = here;
      seen.emplace_back(member);
    };
    while (set.descend(place, 1 + random.below(9), visit)) {
      // Elements of the first hundred go, and come back elsewhere.
      for (int i = 0; i < 5; ++i) {
        set.erase(name(random.below(100)));
        set.add(name(random.below(100)), static_cast<double>(random.below(20)), kSortedSetOptions);
      }
    }
    for (uint64_t i = 100; i < 300; ++i)
      CHECK(std::ranges::count(seen, name(i)) == 1);
  }
}

}  // namespace kvstash::store
