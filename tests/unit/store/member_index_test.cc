#include "store/member_index.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{5, 6, 7};

std::string name(size_t number) {
  return "member:" + std::to_string(number);
}

// An index that owns its elements, beside the map that says what must be in it.
class Checked {
 public:
  explicit Checked(size_t expected_size = 0) : index(kSeed, expected_size) {}
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;
  ~Checked() {
    for (const auto& [member, element] : expected)
      ScoredMember::destroy(element);
  }

  void insert(const std::string& member) {
    ScoredMember* element = ScoredMember::make(member, 0);
    expected[member] = element;
    index.insert(element, index.hash(member));
  }
  void erase(const std::string& member) {
    ScoredMember* element = expected.at(member);
    index.erase(element, index.hash(member));
    expected.erase(member);
    ScoredMember::destroy(element);
  }
  ScoredMember* find(const std::string& member) const {
    return index.find(member, index.hash(member));
  }
  bool holds_exactly_what_is_expected() const {
    if (index.size() != expected.size()) return false;
    for (const auto& [member, element] : expected)
      if (find(member) != element) return false;
    std::multiset<std::string> seen;
    ScanPosition at{};
    do {
      at = index.scan(
          at, [&](const ScoredMember& element) { seen.insert(std::string(element.member())); });
    } while (at != ScanPosition{});
    for (const auto& [member, element] : expected)
      if (seen.count(member) == 0) return false;
    return index.is_resizing() || seen.size() == expected.size();
  }

  MemberIndex index;
  std::map<std::string, ScoredMember*> expected;
};

}  // namespace

TEST_CASE("a member index agrees with a std::map through growth and shrinking") {
  Random random(1);
  Checked checked;
  size_t next = 0;
  for (const uint64_t growth : {95u, 50u, 90u, 10u, 60u, 2u, 98u}) {
    for (size_t i = 0; i < 4000; ++i) {
      if (checked.expected.empty() || random.below(100) < growth) {
        checked.insert(name(next++));
      } else {
        auto victim = checked.expected.lower_bound(name(random.below(next)));
        if (victim == checked.expected.end()) victim = checked.expected.begin();
        checked.erase(std::string(victim->first));
      }
    }
    REQUIRE(checked.holds_exactly_what_is_expected());
    REQUIRE(checked.find("absent") == nullptr);
  }
}

TEST_CASE("a scan sees every element that stays, while the index grows and shrinks under it") {
  for (const bool grows : {true, false}) {
    CAPTURE(grows);
    Checked checked;
    constexpr size_t kStaying = 3000;
    for (size_t i = 0; i < kStaying; ++i)
      checked.insert(name(i));
    size_t passing = kStaying;
    if (!grows) {
      for (; passing < 60'000; ++passing)
        checked.insert(name(passing));
    }
    std::set<std::string> seen;
    ScanPosition at{};
    size_t calls = 0;
    do {
      at = checked.index.scan(
          at, [&](const ScoredMember& element) { seen.insert(std::string(element.member())); });
      for (int i = 0; i < 30; ++i) {
        if (grows && passing < 60'000) checked.insert(name(passing++));
        if (!grows && passing > kStaying) checked.erase(name(--passing));
      }
      REQUIRE(++calls < 100'000);
    } while (at != ScanPosition{});
    for (size_t i = 0; i < kStaying; ++i)
      REQUIRE(seen.count(name(i)) == 1);
  }
}

TEST_CASE("an index made for a number of elements takes them without a resize") {
  for (const size_t expected : {1u, 8u, 100u, 129u, 5000u}) {
    CAPTURE(expected);
    Checked checked(expected);
    const size_t buckets = checked.index.bucket_count();
    for (size_t i = 0; i < expected; ++i)
      checked.insert(name(i));
    CHECK(checked.index.bucket_count() == buckets);
    CHECK(checked.holds_exactly_what_is_expected());
  }
}

TEST_CASE("an index spends about ten bytes an element, and gives them back") {
  Checked checked;
  for (size_t i = 0; i < 100'000; ++i)
    checked.insert(name(i));
  while (checked.index.is_resizing())
    checked.insert(name(checked.expected.size()));
  CHECK(checked.index.bytes() < checked.expected.size() * 13);
  while (checked.expected.size() > 10)
    checked.erase(std::string(checked.expected.begin()->first));
  CHECK(checked.index.bytes() < 200'000);
}

TEST_CASE("the shape of an index counts each element once, also in the middle of a resize") {
  Checked checked;
  for (size_t i = 0; i < 40'000; ++i)
    checked.insert(name(i));
  while (!checked.index.is_resizing())
    checked.insert(name(checked.expected.size()));
  for (size_t i = 0; i < 3000; ++i)
    checked.insert(name(checked.expected.size()));
  REQUIRE(checked.index.is_resizing());
  const TableShapes shapes = checked.index.shapes();
  REQUIRE(shapes.target);
  CHECK(shapes.target->elements > 0);
  CHECK(shapes.current.elements + shapes.target->elements == checked.index.size());
  CHECK(shapes.current.buckets + shapes.target->buckets == checked.index.bucket_count());
}

TEST_CASE("an index is freed in slices, also in the middle of a resize") {
  Checked checked;
  for (size_t i = 0; i < 20'000 || !checked.index.is_resizing(); ++i)
    checked.insert(name(i));
  const size_t buckets = checked.index.bucket_count();
  size_t slices = 1;
  while (checked.index.free_some(100))
    ++slices;
  CHECK(slices >= buckets / 200);
  CHECK(slices <= buckets / 100 + 1);
  CHECK(checked.index.bytes() == 0);
}

}  // namespace kvstash::store
