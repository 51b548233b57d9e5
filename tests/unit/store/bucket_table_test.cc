#include "store/bucket_table.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{11, 22, 33};

struct Named {
  std::string text;
  std::string_view name() const { return text; }
};
using Table = BucketTable<Named, &Named::name>;

// A table, and the elements that are in it by name.
class Checked {
 public:
  explicit Checked(size_t expected = 0) : table(kSeed, expected) {}

  void insert(size_t number) {
    const std::string text = "name:" + std::to_string(number);
    Named& element = elements[number];
    element.text = text;
    table.insert(&element, table.hash(text));
  }
  void erase(size_t number) {
    table.erase(&elements.at(number), table.hash(elements.at(number).text));
    elements.erase(number);
  }
  std::set<std::string> scan_all(size_t changes_between) {
    std::set<std::string> seen;
    ScanPosition position{};
    do {
      position = table.scan(position, [&](Named* element) { seen.insert(element->text); });
      for (size_t i = 0; i < changes_between; ++i)
        change();
    } while (position != ScanPosition{});
    return seen;
  }

  std::function<void()> change = [] {};
  std::map<size_t, Named> elements;
  Table table;
};

}  // namespace

TEST_CASE("a bucket table holds exactly what was inserted and not erased, through all sizes") {
  Checked checked;
  Random random(1);
  for (const bool grows : {true, false, true, false}) {
    for (size_t i = 0; i < 6000; ++i) {
      const size_t number = random.below(5000);
      const bool is_there = checked.elements.contains(number);
      if (!is_there && (grows || random.one_in(4))) checked.insert(number);
      if (is_there && (!grows || random.one_in(4))) checked.erase(number);
      if (i % 512 == 0) REQUIRE(checked.table.is_sound());
    }
    for (size_t number = 0; number < 5000; ++number) {
      const auto at = checked.elements.find(number);
      const std::string text = "name:" + std::to_string(number);
      CHECK(checked.table.find(text, checked.table.hash(text)) ==
            (at == checked.elements.end() ? nullptr : &at->second));
    }
    CHECK(checked.table.size() == checked.elements.size());
  }
}

TEST_CASE("a bucket table that expects its elements does not resize to take them") {
  Checked checked(1000);
  const size_t buckets = checked.table.bucket_count();
  for (size_t i = 0; i < 1000; ++i) {
    checked.insert(i);
    REQUIRE(!checked.table.is_resizing());
  }
  CHECK(checked.table.bucket_count() == buckets);
}

TEST_CASE("the shape of a bucket table counts each element once, also in the middle of a resize") {
  Checked checked;
  bool has_resized = false;
  for (size_t i = 0; i < 30'000 || !checked.table.is_resizing(); ++i) {
    checked.insert(i);
    if (i % 1000 != 0 && !(checked.table.is_resizing() && !has_resized)) continue;
    has_resized = has_resized || checked.table.is_resizing();
    const TableShapes shapes = checked.table.shapes();
    REQUIRE(shapes.target.has_value() == checked.table.is_resizing());
    const TableShape target = shapes.target.value_or(TableShape{});
    REQUIRE(shapes.current.elements + target.elements == checked.table.size());
    REQUIRE(shapes.current.buckets + target.buckets == checked.table.bucket_count());
  }
  CHECK(has_resized);
}

TEST_CASE("a bucket table that lost its elements gives its buckets back") {
  Checked checked;
  for (size_t i = 0; i < 20000; ++i)
    checked.insert(i);
  const size_t bytes = checked.table.bytes();
  CHECK(bytes >= 20000 * 64 / 9);
  for (size_t i = 10; i < 20000; ++i)
    checked.erase(i);
  CHECK(checked.table.is_sound());
  CHECK(checked.table.bytes() < 1024);
  CHECK(checked.table.size() == 10);
}

TEST_CASE("a scan sees what stays while a bucket table grows") {
  Checked checked;
  for (size_t i = 0; i < 700; ++i)
    checked.insert(i);
  size_t next = 700;
  checked.change = [&] { checked.insert(next++); };
  const std::set<std::string> seen = checked.scan_all(40);
  CHECK(checked.table.size() > 3000);
  for (size_t i = 0; i < 700; ++i) {
    CAPTURE(i);
    CHECK(seen.contains(checked.elements.at(i).text));
  }
}

TEST_CASE("a scan sees what stays while a bucket table shrinks") {
  Checked checked;
  for (size_t i = 0; i < 5000; ++i)
    checked.insert(i);
  size_t next = 5000;
  checked.change = [&] {
    if (next > 50) checked.erase(--next);
  };
  const std::set<std::string> seen = checked.scan_all(40);
  CHECK(checked.table.size() == 50);
  for (size_t i = 0; i < 50; ++i) {
    CAPTURE(i);
    CHECK(seen.contains(checked.elements.at(i).text));
  }
}

TEST_CASE("visiting each element meets every one once, also amid a resize") {
  Checked checked;
  for (size_t i = 0; checked.table.size() < 1500 || !checked.table.is_resizing(); ++i)
    checked.insert(i);
  for (int step = 0; step < 3; ++step) {
    std::multiset<std::string_view> seen;
    checked.table.for_each([&](Named* element) { seen.insert(element->text); });
    CHECK(seen.size() == checked.elements.size());
    CHECK(std::set<std::string_view>(seen.begin(), seen.end()).size() == seen.size());
    for (size_t i = 0; i < 40; ++i)
      checked.erase(checked.elements.begin()->first);
  }
}

TEST_CASE("sampling is uniform, also amid a resize and in a thin table") {
  for (const size_t last : {9u, 100u, 150u, 160u, 24u}) {
    CAPTURE(last);
    Checked checked;
    for (size_t i = 0; i < 160; ++i)
      checked.insert(i);
    while (checked.elements.size() > last)
      checked.erase(checked.elements.rbegin()->first);
    Random random(5);
    std::map<std::string_view, size_t> hits;
    const size_t draws = 1000 * last;
    for (size_t i = 0; i < draws; ++i)
      ++hits[checked.table.sample(random)->text];
    CHECK(hits.size() == last);
    for (const auto& [name, count] : hits) {
      CHECK(count > 850);  // Five standard deviations of 1000 draws are 158.
      CHECK(count < 1160);
    }
  }
}

TEST_CASE("an empty bucket table has nothing to sample, visit or find") {
  Table table(kSeed);
  Random random(1);
  CHECK(table.sample(random) == nullptr);
  CHECK(table.find("x", table.hash("x")) == nullptr);
  CHECK(table.scan(ScanPosition{}, [](Named*) { FAIL("nothing is there"); }) == ScanPosition{});
}

TEST_CASE("a bucket table comes apart in slices, each element once") {
  Checked checked;
  for (size_t i = 0; checked.table.size() < 3000 || !checked.table.is_resizing(); ++i)
    checked.insert(i);
  const size_t before = checked.elements.size();
  std::set<const Named*> destroyed;
  size_t slices = 1;
  size_t last = 0;
  while (checked.table.free_some(100, [&](Named* element) { destroyed.insert(element); })) {
    CHECK(destroyed.size() - last < 130);
    last = destroyed.size();
    ++slices;
  }
  CHECK(destroyed.size() == before);
  CHECK(slices > before / 130);
  CHECK(checked.table.bytes() == 0);
}

}  // namespace kvstash::store
