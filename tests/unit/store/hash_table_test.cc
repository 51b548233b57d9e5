#include "store/hash_table.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{11, 22, 33};
constexpr Entry::Shape kShape{.encoding = Encoding::kInt};

Entry* make_entry(const std::string& key) {
  return Entry::construct(allocate(Entry::bytes_for(key, kShape)), key, kShape);
}

void free_entry(Entry* entry) {
  deallocate(entry, entry->bytes_asked());
}

std::string name(size_t number) {
  return "key:" + std::to_string(number);
}

// A table that owns its entries, beside the map that says what must be in it.
class Checked {
 public:
  explicit Checked(HugePages* pages = nullptr) : table(kSeed, pages) {}
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;
  ~Checked() {
    for (const auto& [key, entry] : expected)
      free_entry(entry);
  }

  static uint64_t hash(const std::string& key) { return keyed_hash(key, kSeed); }

  void insert(const std::string& key) {
    Entry* entry = make_entry(key);
    expected[key] = entry;
    table.insert(entry, hash(key));
  }
  void erase(const std::string& key) {
    Entry* entry = expected.at(key);
    table.erase(entry, hash(key));
    expected.erase(key);
    free_entry(entry);
  }
  void fill(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      insert(name(i));
  }
  Entry* find(const std::string& key) const { return table.find(key, hash(key)); }

  bool holds_exactly_what_is_expected() const {
    if (table.size() != expected.size()) return false;
    for (const auto& [key, entry] : expected) {
      if (find(key) != entry) return false;
    }
    return true;
  }

  // Every key that a whole scan sees, as often as it sees it. `between` runs after every step.
  template <typename Between>
  std::multiset<std::string> scan(Between between) {
    std::multiset<std::string> seen;
    ScanPosition position{};
    do {
      position = table.scan(position, [&seen](Entry* entry) { seen.emplace(entry->key()); });
      between();
    } while (position != ScanPosition{});
    return seen;
  }

  HashTable table;
  std::map<std::string, Entry*> expected;
};

}  // namespace

TEST_CASE("an empty table finds nothing and allocates nothing") {
  const Checked checked;
  CHECK(checked.find("absent") == nullptr);
  CHECK(checked.table.size() == 0);
  CHECK(checked.table.bytes() == 0);
}

TEST_CASE("the table holds what was inserted and not erased, through growing and shrinking") {
  Checked checked;
  Random random(1);
  for (int phase = 0; phase < 6; ++phase) {
    const bool is_growing = phase % 2 == 0;
    for (int round = 0; round < 4000; ++round) {
      const std::string key = name(random.below(5000));
      const bool inserts = random.below(10) < (is_growing ? 9u : 1u);
      const bool is_present = checked.expected.contains(key);
      if (inserts && !is_present) checked.insert(key);
      if (!inserts && is_present) checked.erase(key);
      if (round % 500 == 0) REQUIRE(checked.holds_exactly_what_is_expected());
    }
    CHECK(checked.holds_exactly_what_is_expected());
  }
}

TEST_CASE("a table that was emptied gives its buckets back") {
  Checked checked;
  checked.fill(0, 20000);
  CHECK(checked.table.bytes() > 20000 * 6);
  for (size_t i = 0; i < 20000; ++i)
    checked.erase(name(i));
  checked.table.finish_resize();
  checked.insert("a");
  checked.erase("a");
  checked.table.finish_resize();
  CHECK(checked.table.bytes() < 4096);
}

TEST_CASE("a table behind huge pages holds what was inserted and not erased") {
  HugePages pages;
  Checked checked(&pages);
  checked.fill(0, 400'000);  // An array of 2 MiB, at last one of 3 MiB.
  CHECK(checked.holds_exactly_what_is_expected());
  checked.table.finish_resize();
  CHECK(checked.holds_exactly_what_is_expected());
  CHECK(checked.table.bytes() >= HugePages::kPageBytes);
  for (size_t i = 0; i < 399'000; ++i)
    checked.erase(name(i));
  CHECK(checked.holds_exactly_what_is_expected());
  checked.table.finish_resize();
  CHECK(checked.table.bytes() < HugePages::kPageBytes);
  checked.fill(0, 300'000);
  CHECK(checked.holds_exactly_what_is_expected());
}

TEST_CASE(
    "a table with reserved room does not grow while it is filled, and shrinks after an erase") {
  HugePages pages;
  for (HugePages* used : {static_cast<HugePages*>(nullptr), &pages}) {
    Checked checked(used);
    checked.table.reserve(400'000);
    const size_t buckets = checked.table.bucket_count();
    checked.fill(0, 400'000);
    CHECK(checked.table.bucket_count() == buckets);
    CHECK(checked.holds_exactly_what_is_expected());
    checked.table.reserve(1'000'000);
    CHECK(checked.table.bucket_count() == buckets);
    for (size_t i = 0; i < 399'000; ++i)
      checked.erase(name(i));
    // A resize begins when the pages of the array are present.
    for (size_t i = 400'000; checked.table.bucket_count() >= buckets; ++i) {
      checked.insert(name(i));
      checked.erase(name(i));
      checked.table.finish_resize();
    }
    CHECK(checked.holds_exactly_what_is_expected());
  }
}

TEST_CASE("a resize waits for pages that are not there, and not for ever") {
  HugePages pages;
  Checked checked(&pages);
  // So full that it grows into an array of 2 MiB, whose first pages are asked for now.
  size_t count = 0;
  for (; !(checked.table.is_resizing() && checked.table.bucket_count() > 32'768); ++count)
    checked.insert(name(count));
  // Whether or not the thread comes to touch them, what is inserted is found, and the table does
  // not overflow.
  const size_t slots = checked.table.slot_count();
  checked.fill(count, count + slots / 4);
  CHECK(checked.holds_exactly_what_is_expected());
  while (checked.table.is_resizing())
    checked.table.step(64);
  CHECK(checked.holds_exactly_what_is_expected());
}

TEST_CASE("a full table is at least 58 per cent full of entries") {
  Checked checked;
  for (size_t i = 0; i < 60000; ++i) {
    checked.insert(name(i));
    if (i < 1000 || checked.table.is_resizing()) continue;
    REQUIRE(checked.table.size() * 100 >= checked.table.slot_count() * 58);
  }
}

TEST_CASE("an insert moves at most one bucket of a resize") {
  Checked checked;
  size_t next = 0;
  while (!(checked.table.is_resizing() && checked.table.size() > 5000))
    checked.insert(name(next++));
  const size_t begun_with = checked.table.bucket_count();
  size_t inserts = 0;
  while (checked.table.is_resizing()) {
    checked.insert(name(next++));
    ++inserts;
  }
  CHECK(inserts >= begun_with / 3);  // The old array is the smaller part of both.
  CHECK(checked.holds_exactly_what_is_expected());
}

TEST_CASE("step moves a resize on without inserts, and says when it is done") {
  Checked checked;
  size_t next = 0;
  while (!(checked.table.is_resizing() && checked.table.size() > 1000))
    checked.insert(name(next++));
  size_t steps = 0;
  while (checked.table.step(10)) {
    ++steps;
    REQUIRE(checked.table.is_resizing());
  }
  CHECK(steps > 5);
  CHECK_FALSE(checked.table.is_resizing());
  CHECK_FALSE(checked.table.step(10));
  CHECK(checked.holds_exactly_what_is_expected());
}

TEST_CASE("a moved entry is found at its new address") {
  Checked checked;
  checked.fill(0, 100);
  Entry* fresh = make_entry(name(7));
  Entry* old = checked.expected[name(7)];
  checked.table.replace(old, fresh, Checked::hash(name(7)));
  free_entry(old);
  checked.expected[name(7)] = fresh;
  CHECK(checked.holds_exactly_what_is_expected());
}

TEST_CASE("keys with the same hash live in one chain, and leave it") {
  HashTable table(kSeed);
  std::vector<Entry*> entries;
  constexpr uint64_t kHash = 0x1234567812345678;
  // Seven: one more would start a resize, which asks for the true hashes.
  for (size_t i = 0; i < 7; ++i) {
    entries.push_back(make_entry(name(i)));
    table.insert(entries.back(), kHash);
  }
  for (size_t i = 0; i < entries.size(); ++i)
    CHECK(table.find(name(i), kHash) == entries[i]);
  CHECK(table.find(name(9), kHash) == nullptr);
  for (size_t i = 0; i < entries.size(); ++i) {
    table.erase(entries[i], kHash);
    CHECK(table.find(name(i), kHash) == nullptr);
    free_entry(entries[i]);
  }
  CHECK(table.size() == 0);
}

TEST_CASE("a scan of a table that stays as it is sees every key once") {
  Checked checked;
  checked.fill(0, 3000);
  checked.table.finish_resize();
  const std::multiset<std::string> seen = checked.scan([] {});
  CHECK(seen.size() == 3000);
  for (const auto& [key, entry] : checked.expected)
    REQUIRE(seen.count(key) == 1);
}

TEST_CASE("a scan sees every key that is there from start to end, whatever is resized meanwhile") {
  for (const bool grows : {true, false}) {
    CAPTURE(grows);
    Checked checked;
    checked.fill(0, grows ? 500 : 8000);
    const size_t kept = grows ? 500 : 300;
    size_t next = checked.expected.size();
    const std::multiset<std::string> seen = checked.scan([&] {
      for (int i = 0; i < 20; ++i) {
        if (grows && next < 20000) checked.insert(name(next++));
        if (!grows && next > kept) checked.erase(name(--next));
      }
    });
    for (size_t i = 0; i < kept; ++i)
      REQUIRE(seen.count(name(i)) >= 1);
  }
}

TEST_CASE("a scan in the middle of a resize sees every key") {
  Checked checked;
  size_t next = 0;
  while (!(checked.table.is_resizing() && checked.table.size() > 2000))
    checked.insert(name(next++));
  for (int moved = 0; checked.table.step(37); ++moved) {
    CAPTURE(moved);
    const std::multiset<std::string> seen = checked.scan([] {});
    for (const auto& [key, entry] : checked.expected)
      REQUIRE(seen.count(key) >= 1);
    REQUIRE(seen.size() <= checked.table.size() + checked.table.size() / 4);
  }
}

TEST_CASE("samples come from the whole table, and there is none in an empty one") {
  Checked checked;
  Random random(5);
  CHECK(checked.table.sample(random) == nullptr);
  checked.fill(0, 50);
  std::set<std::string> sampled;
  for (int i = 0; i < 3000; ++i)
    sampled.emplace(checked.table.sample(random)->key());
  CHECK(sampled.size() == 50);
}

TEST_CASE("prefetching changes nothing") {
  Checked checked;
  checked.fill(0, 100);
  for (size_t i = 0; i < 200; ++i) {
    checked.table.prefetch_bucket(Checked::hash(name(i)));
    checked.table.prefetch_entry(Checked::hash(name(i)));
  }
  CHECK(checked.holds_exactly_what_is_expected());
}

}  // namespace kvstash::store
