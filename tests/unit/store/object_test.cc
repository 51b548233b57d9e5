#include "store/object.h"

#include "base/random.h"
#include "store/hash.h"
#include "store/keyspace.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <doctest/doctest.h>

#include <string>

#ifndef KVSTASH_NO_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{1, 2, 3};

// Adds one element made of `number`, or takes one away.

void change(List& list, uint64_t number, bool adds) {
  const ListLimits limits{.listpack_size = 32, .compress_depth = 1};
  const std::string text = std::to_string(number) + std::string(number % 100, 'x');
  const std::string_view value = text;
  const ListEnd end = number % 2 == 0 ? ListEnd::kHead : ListEnd::kTail;
  if (adds) return list.push(end, std::span(&value, 1), limits);
  list.pop(end, 1, limits, [](PackedValue) {});
}

void change(Set& set, uint64_t number, bool adds) {
  const SetOptions options{.intset_entries_max = 16,
                           .listpack_entries_max = 32,
                           .listpack_value_bytes_max = 64,
                           .seed = kSeed};
  const std::string text = std::to_string(number) + std::string(number % 100 / 50 * 20, 'x');
  const std::string_view member = text;
  adds ? set.add(member, options) : set.erase(member);
}

void change(SortedSet& set, uint64_t number, bool adds) {
  const SortedSetOptions options{
      .listpack_entries_max = 32, .listpack_value_bytes_max = 64, .seed = kSeed};
  const std::string text = std::to_string(number) + std::string(number % 50, 'x');
  if (adds) {
    set.add(text, static_cast<double>(number), options);
  } else {
    set.erase(text);
  }
}

void change(Hash& hash, uint64_t number, bool adds) {
  const HashOptions options{
      .listpack_entries_max = 32, .listpack_value_bytes_max = 64, .seed = kSeed};
  const std::string text = std::to_string(number);
  adds ? hash.set(text, std::string(number % 70, 'x'), options) : hash.erase(text);
}

// Grows and shrinks a container, and calls `check` now and then.
template <typename T, typename Check>
void live(T& value, Random& random, Check&& check) {
  for (int round = 0; round < 3000; ++round) {
    const bool adds = random.below(1000) < (round < 2000 ? 700u : 300u);
    change(value, random.below(1000), adds);
    if (round % 50 == 0) check();
  }
}

template <typename T>
void check_keyspace_count() {
  Random random(7);
  ShardMemory memory;
  Keyspace keys(kSeed, memory, 0);
  const auto ref = [](std::string_view name) { return KeyRef{name, keyed_hash(name, kSeed)}; };
  Entry* entry = keys.put_object(ref("k"), nullptr, T::kType, T().release(), std::nullopt);
  T value = T::adopt(keys.open_object(ref("k"), *entry));
  size_t bytes_before = value.bytes();
  live(value, random, [&] {
    entry = keys.update_object(ref("k"), entry, value.release(), bytes_before);
    const size_t bytes = Keyspace::bytes_of(*entry);
    REQUIRE(memory.bytes == bytes);
    REQUIRE(object_bytes(T::kType, entry->object()) < bytes);
    Entry* copy = keys.copy_in(ref("copy"), *entry);
    REQUIRE(memory.bytes == bytes + Keyspace::bytes_of(*copy));
    copy = keys.move_in(ref("moved"), keys, ref("copy"), copy);
    REQUIRE(memory.bytes == bytes + Keyspace::bytes_of(*copy));
    keys.erase(ref("moved"), copy);
    REQUIRE(memory.bytes == bytes);
    value = T::adopt(keys.open_object(ref("k"), *entry));
    bytes_before = value.bytes();
  });
  entry = keys.update_object(ref("k"), entry, value.release(), bytes_before);
  keys.erase(ref("k"), entry);
  CHECK(memory.bytes == 0);
}

#ifndef KVSTASH_NO_JEMALLOC
uint64_t thread_count(const char* name) {
  uint64_t value = 0;
  size_t size = sizeof(value);
  REQUIRE(mallctl(name, &value, &size, nullptr, 0) == 0);
  return value;
}

// Bytes that this thread has and has not given back.
uint64_t held() {
  return thread_count("thread.allocated") - thread_count("thread.deallocated");
}

template <typename T>
void check_against_allocator() {
  Random random(8);
  const uint64_t before = held();
  T value;
  live(value, random, [&] { REQUIRE(value.bytes() == held() - before); });
  const T copy = value.copy();
  CHECK(value.bytes() + copy.bytes() == held() - before);
}
#endif

TEST_CASE("what is packed is one piece, and what is in a table as many as there are elements") {
  Set small;
  for (uint64_t number = 0; number < 16; ++number)
    change(small, number, true);
  const ObjectWord packed = small.release();
  CHECK(object_pieces(ValueType::kSet, packed) == 1);
  destroy_object(ValueType::kSet, packed);

  Set large;
  for (uint64_t number = 0; number < 200; ++number)
    change(large, number, true);
  const ObjectWord tabled = large.release();
  CHECK(object_pieces(ValueType::kSet, tabled) == 200);
  destroy_object(ValueType::kSet, tabled);
}

}  // namespace

TEST_CASE(
    "the memory of a keyspace counts containers as they change, are copied, moved and erased") {
  check_keyspace_count<List>();
  check_keyspace_count<Set>();
  check_keyspace_count<SortedSet>();
  check_keyspace_count<Hash>();
}

#ifndef KVSTASH_NO_JEMALLOC
TEST_CASE("what a container says it takes is what the allocator set aside for it") {
  SUBCASE("list") {
    check_against_allocator<List>();
  }
  SUBCASE("set") {
    check_against_allocator<Set>();
  }
  SUBCASE("sorted set") {
    check_against_allocator<SortedSet>();
  }
  SUBCASE("hash") {
    check_against_allocator<Hash>();
  }
}
#endif

}  // namespace kvstash::store
