#include "server/debug_digest.h"

#include "base/hash.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <doctest/doctest.h>

#include <memory>

namespace kvstash::server {
namespace {

// The expected digests are what redis-server answers for the same keys: 7.0.15, and 8.0 for fields
// with deadlines.
struct Shards {
  HashSeed seed = HashSeed::draw();
  store::ShardMemory memory;
  std::vector<std::unique_ptr<store::Keyspace>> owned;
  std::vector<store::Keyspace*> spaces;

  explicit Shards(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      owned.push_back(std::make_unique<store::Keyspace>(seed, memory, 0));
      spaces.push_back(owned.back().get());
    }
  }
  store::Entry* put(std::string_view key, std::string_view value,
                    store::Keyspace::Deadline deadline = {}) {
    const store::KeyRef ref{key, keyed_hash(key, seed)};
    store::Keyspace& space = *spaces[key.back() % spaces.size()];
    return space.put_string(ref, space.find(ref), value, deadline);
  }
  std::string digest(uint32_t db = 0) const {
    Digest whole;
    add_database(whole, db, spaces);
    return whole.hex();
  }
};

void put_four(Shards& shards) {
  shards.put("k1", "v");
  shards.put("ki", "5");
  shards.put("kr", std::string(60, 'x'));
  shards.put("big", std::string(5000, 'x'));
}

}  // namespace

TEST_CASE("the digest of no data is zeros") {
  CHECK(Shards(2).digest() == std::string(40, '0'));
  CHECK(Digest().hex() == std::string(40, '0'));
}

TEST_CASE("the digest is Redis's, whatever the number of shards") {
  for (const size_t count : {1, 2, 4}) {
    Shards shards(count);
    put_four(shards);
    CHECK(shards.digest() == "f7059c3ab762b70db089b39f60ae5664008e86bd");
    shards.put("k1", "v", 1'000'000);
    CHECK(shards.digest() == "d2236b200194088a039d61655dd99a094267c2e3");
  }
}

TEST_CASE("the digest of a value knows its deadline but not its key") {
  Shards shards(1);
  CHECK(value_digest(*shards.put("a", "v")).hex() == "d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f");
  CHECK(value_digest(*shards.put("b", "5")).hex() == "f8c2498ca74cdde7d02de23246736a661485b50e");
  CHECK(value_digest(*shards.put("c", "v", 1)).hex() == "311b17018163335616e089f6b951c82c477335ac");
}

TEST_CASE("the digests of containers are Redis's, whatever their form") {
  Shards shards(1);
  const auto digest_of = [&](std::string_view name, auto value) {
    const store::KeyRef ref{name, keyed_hash(name, shards.seed)};
    return value_digest(*shards.spaces[0]->put_object(ref, nullptr, decltype(value)::kType,
                                                      value.release(), std::nullopt))
        .hex();
  };
  for (const size_t entries : {10, 0}) {
    const std::string form = std::to_string(entries);
    store::List list;
    for (const std::string_view element : {"a", "12", "b"})
      list.push(store::ListEnd::kTail, std::span(&element, 1),
                {.listpack_size = static_cast<int64_t>(entries)});
    store::Set set;
    for (const std::string_view member : {"3", "1", "2"})
      set.add(member, {.intset_entries_max = entries,
                       .listpack_entries_max = entries,
                       .listpack_value_bytes_max = 64,
                       .seed = shards.seed});
    store::SortedSet sorted_set;
    const store::SortedSetOptions sorted_set_options{
        .listpack_entries_max = entries, .listpack_value_bytes_max = 64, .seed = shards.seed};
    sorted_set.add("a", 1.5, sorted_set_options);
    sorted_set.add("b", -3, sorted_set_options);
    store::Hash hash;
    const store::HashOptions hash_options{
        .listpack_entries_max = entries, .listpack_value_bytes_max = 64, .seed = shards.seed};
    hash.set("f", "v", hash_options);
    hash.set("g", "w", hash_options);
    store::Hash with_deadline = hash.copy();
    with_deadline.set_deadline("f", 1'000'000, hash_options);
    CHECK(digest_of("l" + form, std::move(list)) == "a321242d509160fd2e1651d5d59af1b8d48e6580");
    CHECK(digest_of("s" + form, std::move(set)) == "2a462a3f51a1db89738ebbeef0c47ce1bbc85246");
    CHECK(digest_of("z" + form, std::move(sorted_set)) ==
          "844c7a70ebaf1aa3dfee929ea464014178da68cc");
    CHECK(digest_of("h" + form, std::move(hash)) == "d127864ed50239662bf61bafc9bda63c17da5b37");
    CHECK(digest_of("t" + form, std::move(with_deadline)) ==
          "355879033a5e790f0e021f3025ccea7312d9d282");
  }
}

TEST_CASE("the same keys in another database have another digest") {
  Shards shards(1);
  put_four(shards);
  CHECK(shards.digest(1) != shards.digest(0));
}

TEST_CASE("every key is met once while a table is being resized") {
  Shards growing(1);
  Shards settled(1);
  bool was_resizing = false;
  for (int i = 0; i < 3000 && !was_resizing; ++i) {
    const std::string key = "key:" + std::to_string(i);
    growing.put(key, key);
    settled.put(key, key);
    was_resizing = i > 500 && growing.spaces[0]->table().is_resizing();
  }
  REQUIRE(was_resizing);
  settled.spaces[0]->finish_resize();
  CHECK(growing.digest() == settled.digest());
}

}  // namespace kvstash::server
