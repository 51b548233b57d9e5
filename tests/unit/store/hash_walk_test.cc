#include "store/hash_walk.h"

#include "base/alloc.h"
#include "base/random.h"
#include "store/bucket_table.h"
#include "store/hash_table.h"
#include "store/member_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{5, 6, 7};

// An element of a BucketTable.
struct Named {
  std::string text;
  std::string_view name() const { return text; }
};

// Each of the three tables with elements of its own, behind the same few words.
class NamedTable {
 public:
  using Element = Named;
  Element* add(const std::string& name) {
    auto* made = new Named{name};
    table_.insert(made, hash(name));
    return made;
  }
  void remove(Element* element) {
    table_.erase(element, hash(element->text));
    delete element;
  }
  uint64_t hash(std::string_view name) const { return table_.hash(name); }
  template <typename Visit>
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, Visit&& visit) const {
    return table_.walk(begin, budget, [&](const Named* element) { visit(element->text); });
  }
  bool is_resizing() const { return table_.is_resizing(); }

 private:
  BucketTable<Named, &Named::name> table_{kSeed};
};

class EntryTable {
 public:
  using Element = Entry;
  Element* add(const std::string& name) {
    const Entry::Shape shape{.encoding = Encoding::kInt};
    Entry* made = Entry::construct(allocate(Entry::bytes_for(name, shape)), name, shape);
    table_.insert(made, hash(name));
    return made;
  }
  void remove(Element* element) {
    table_.erase(element, hash(element->key()));
    deallocate(element, element->bytes_asked());
  }
  uint64_t hash(std::string_view name) const { return keyed_hash(name, kSeed); }
  template <typename Visit>
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, Visit&& visit) const {
    return table_.walk(begin, budget,
                       [&](const Entry* entry) { visit(std::string(entry->key())); });
  }
  bool is_resizing() const { return table_.is_resizing(); }

 private:
  HashTable table_{kSeed};
};

class MemberTable {
 public:
  using Element = ScoredMember;
  Element* add(const std::string& name) {
    ScoredMember* made = ScoredMember::make(name, 1);
    table_.insert(made, hash(name));
    return made;
  }
  void remove(Element* element) {
    table_.erase(element, hash(element->member()));
    ScoredMember::destroy(element);
  }
  uint64_t hash(std::string_view name) const { return table_.hash(name); }
  template <typename Visit>
  std::optional<uint64_t> walk(uint64_t begin, WalkBudget budget, Visit&& visit) const {
    return table_.walk(begin, budget,
                       [&](const ScoredMember& element) { visit(std::string(element.member())); });
  }
  bool is_resizing() const { return table_.is_resizing(); }

 private:
  MemberIndex table_{kSeed, 0};
};

// Walks while elements come and go, and the table grows and shrinks. Each visit must see exactly
// what there is from its begin to its end.
template <typename Table>
size_t check_walks(Random& random) {
  Table table;
  std::map<uint64_t, std::map<std::string, typename Table::Element*>> model;  // By hash.
  size_t visits_amid_resize = 0;
  uint64_t number = 0;
  const auto add_one = [&] {
    const std::string name = "n" + std::to_string(number++);
    model[table.hash(name)].emplace(name, table.add(name));
  };
  const auto remove_one = [&] {
    if (model.empty()) return;
    auto at = model.lower_bound(random.next());
    if (at == model.end()) at = model.begin();
    table.remove(at->second.begin()->second);
    at->second.erase(at->second.begin());
    if (at->second.empty()) model.erase(at);
  };
  for (int walk = 0; walk < 12; ++walk) {
    const bool grows = walk % 4 < 2;
    std::optional<uint64_t> at = 0;
    while (at) {
      const uint64_t begin = *at;
      const WalkBudget budget{.buckets = 1 + random.below(5), .elements = 1 + random.below(30)};
      std::vector<std::string> seen;
      at = table.walk(begin, budget, [&](const std::string& name) { seen.push_back(name); });
      visits_amid_resize += table.is_resizing() ? 1u : 0u;
      std::vector<std::string> expected;
      for (auto it = model.lower_bound(begin); it != model.end() && (!at || it->first < *at); ++it)
        for (const auto& [name, element] : it->second)
          expected.push_back(name);
      if (at) REQUIRE(*at > begin);
      std::ranges::sort(seen);
      std::ranges::sort(expected);
      REQUIRE(seen == expected);
      for (uint64_t i = random.below(20); i != 0; --i)
        if (random.below(10) < (grows ? 8u : 2u)) {
          add_one();
        } else {
          remove_one();
        }
    }
    for (int i = 0; i < 3000 && !grows; ++i)
      remove_one();
    for (int i = 0; i < 500 && grows; ++i)
      add_one();
  }
  while (!model.empty())
    remove_one();
  return visits_amid_resize;
}

}  // namespace

TEST_CASE("a walk visits exactly the hashes from its begin to its end, through all resizes") {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    CAPTURE(seed);
    Random random(seed);
    CHECK(check_walks<EntryTable>(random) > 10);
    CHECK(check_walks<NamedTable>(random) > 10);
    CHECK(check_walks<MemberTable>(random) > 10);
  }
}

TEST_CASE("a visit's cost is bounded by buckets where they are empty, and by elements else") {
  NamedTable table;
  std::vector<Named*> elements;
  for (int i = 0; i < 5000; ++i)
    elements.push_back(table.add(std::to_string(i)));
  size_t seen = 0;
  const auto count = [&](const std::string&) { ++seen; };
  const std::optional<uint64_t> next = table.walk(0, {.buckets = 1000, .elements = 20}, count);
  REQUIRE(next.has_value());
  CHECK(seen >= 20);
  CHECK(seen < 20 + 60);
  seen = 0;
  table.walk(*next, {.buckets = 2, .elements = 1000}, count);
  CHECK(seen < 60);
  for (Named* element : elements)
    table.remove(element);
}

// A hash table in the making: buckets of any elements, with hashes of the test's choice.
TEST_CASE("elements of equal hashes are visited together, also at the ends of the hashes") {
  struct Bucket {
    std::vector<uint64_t*> elements;
    unsigned size() const { return static_cast<unsigned>(elements.size()); }
    void* pointer(unsigned slot) const { return elements[slot]; }
    const Bucket* next() const { return nullptr; }
  };
  struct Array {
    Bucket* buckets;
    size_t count;
    size_t index(uint64_t hash) const {
      return static_cast<size_t>((static_cast<unsigned __int128>(hash) * count) >> 64);
    }
  };
  std::vector<uint64_t> hashes(3, 0);
  hashes.insert(hashes.end(), 3, UINT64_MAX);
  std::vector<Bucket> buckets(3);
  Array array{buckets.data(), buckets.size()};
  // Around the bounds of a bucket, exactly.
  for (size_t at = 1; at < 3; ++at) {
    const auto bound = static_cast<uint64_t>(first_hash_of(array, at));
    CHECK(array.index(bound) == at);
    CHECK(array.index(bound - 1) == at - 1);
    hashes.insert(hashes.end(), {bound - 1, bound - 1, bound, bound});
  }
  for (uint64_t& hash : hashes)
    buckets[array.index(hash)].elements.push_back(&hash);
  std::vector<uint64_t> seen;
  std::optional<uint64_t> at = 0;
  while (at) {
    const size_t before = seen.size();
    at = walk_buckets<uint64_t>(
        array, 0, Array{nullptr, 0}, *at, {.buckets = 1, .elements = 1},
        [](const uint64_t* hash) { return *hash; },
        [&](const uint64_t* hash) { seen.push_back(*hash); });
    for (size_t i = before; i < seen.size() && at; ++i)
      CHECK(seen[i] < *at);
  }
  CHECK(seen.size() == hashes.size());
  // From the middle of a bucket: only what is at or behind the begin.
  seen.clear();
  const auto middle = static_cast<uint64_t>(first_hash_of(array, 1)) - 1;
  walk_buckets<uint64_t>(
      array, 0, Array{nullptr, 0}, middle, {.buckets = 1, .elements = 1},
      [](const uint64_t* hash) { return *hash; },
      [&](const uint64_t* hash) { seen.push_back(*hash); });
  CHECK(seen == std::vector<uint64_t>{middle, middle});
}

}  // namespace kvstash::store
