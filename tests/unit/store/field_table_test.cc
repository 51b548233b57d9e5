#include "store/field_table.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

constexpr HashSeed kSeed{7, 8, 9};
constexpr int64_t kNothingDue = FieldTable::kNothingDue;

struct Destroy {
  void operator()(FieldTable* table) const { FieldTable::destroy(table); }
};
using Owned = std::unique_ptr<FieldTable, Destroy>;

Owned make_table() {
  return Owned(FieldTable::make(kSeed, 0));
}

struct Expected {
  std::string value;
  std::optional<int64_t> deadline_ms;
};

std::string name(size_t number) {
  return "field:" + std::to_string(number);
}

bool agrees(const FieldTable& table, const std::map<std::string, Expected>& expected) {
  size_t seen = 0;
  bool all = table.size() == expected.size();
  table.for_each([&](const Field& field) {
    ++seen;
    const auto at = expected.find(std::string(field.name()));
    all = all && at != expected.end() && at->second.value == field.value() &&
          at->second.deadline_ms == table.deadline_ms(field);
  });
  return all && seen == expected.size();
}

}  // namespace

TEST_CASE("a field table agrees with a map through random changes of values and deadlines") {
  const Owned table = make_table();
  std::map<std::string, Expected> expected;
  Random random(4);
  for (size_t i = 0; i < 40000; ++i) {
    const bool grows = i / 8000 % 2 == 0;
    const std::string field = name(random.below(2500));
    const std::string value(random.below(random.one_in(50) ? 400 : 30), 'v');
    const auto at = expected.find(field);
    const bool is_there = at != expected.end();
    const auto deadline = static_cast<int64_t>(random.below(100000));
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        if (!grows) continue;
        REQUIRE(table->set(field, value, FieldDeadlineRule::kDrop) == !is_there);
        expected[field] = {value, std::nullopt};
        break;
      case 3:
        if (!is_there) continue;
        REQUIRE(!table->set(field, value, FieldDeadlineRule::kKeep));
        at->second.value = value;
        break;
      case 4:
        REQUIRE(table->set_deadline(field, deadline) == is_there);
        if (is_there) at->second.deadline_ms = deadline;
        break;
      case 5:
        REQUIRE(table->clear_deadline(field) == (is_there && at->second.deadline_ms.has_value()));
        if (is_there) at->second.deadline_ms.reset();
        break;
      default:
        REQUIRE(table->erase(field) == is_there);
        expected.erase(field);
    }
    if (i % 1000 != 0) continue;
    REQUIRE(table->is_sound());
    REQUIRE(agrees(*table, expected));
  }
  const Owned copy(table->copy());
  CHECK(copy->is_sound());
  CHECK(agrees(*copy, expected));
}

TEST_CASE("due fields go away in order of their deadlines, no more than asked for") {
  const Owned table = make_table();
  for (size_t i = 0; i < 300; ++i) {
    table->set(name(i), "v", FieldDeadlineRule::kDrop);
    if (i % 3 != 0) table->set_deadline(name(i), static_cast<int64_t>(1000 - i));
  }
  CHECK(table->next_deadline_ms() == 1000 - 299);
  CHECK(table->count_due(800) == 67);
  std::vector<std::string> gone;
  const auto note = [&gone](const Field& field) { gone.emplace_back(field.name()); };
  CHECK(table->erase_due(800, 60, note) == 60);
  CHECK(table->erase_due(800, 60, note) == 7);
  CHECK(table->erase_due(800, 60, note) == 0);
  CHECK(gone.front() == name(299));
  CHECK(gone.back() == name(200));
  CHECK(table->size() == 300 - 67);
  CHECK(table->next_deadline_ms() == 1000 - 199);
  CHECK(table->is_sound());
}

TEST_CASE("a table whose last deadline is gone pays no more for deadlines") {
  const Owned table = make_table();
  table->set("a", "1", FieldDeadlineRule::kDrop);
  const size_t bytes = table->bytes();
  table->set_deadline("a", 10);
  CHECK(table->bytes() > bytes);
  table->clear_deadline("a");
  CHECK(table->bytes() == bytes);
  CHECK(!table->next_deadline_ms());
  table->set_deadline("a", 10);
  table->set("a", "2", FieldDeadlineRule::kDrop);
  CHECK(table->bytes() == bytes);
}

TEST_CASE("a table with one field takes 176 bytes beside the field") {
  const Owned table = make_table();
  table->set("field1", std::string(100, 'v'), FieldDeadlineRule::kDrop);
  CHECK(table->bytes() == 96 + 64 + allocation_bytes(1 + 2 + 6 + 100));
}

TEST_CASE("sampling passes over due fields, even if all but one are") {
  const Owned table = make_table();
  Random random(1);
  for (size_t i = 0; i < 500; ++i) {
    table->set(name(i), "v", FieldDeadlineRule::kDrop);
    if (i != 77) table->set_deadline(name(i), 10);
  }
  CHECK(table->sample(random, 10)->name() == name(77));
  size_t seen = 0;
  table->sample(random, 100, 10, [&](const Field& field) {
    ++seen;
    CHECK(field.name() == name(77));
  });
  CHECK(seen == 1);
  table->set_deadline(name(77), 10);
  CHECK(table->sample(random, 10) == nullptr);
  CHECK(table->sample(random, 9) != nullptr);
}

TEST_CASE("samples are different fields, each equally likely, few or many") {
  const Owned table = make_table();
  for (size_t i = 0; i < 200; ++i)
    table->add(name(i));
  for (const size_t count : {1u, 10u, 12u, 100u, 200u, 1000u}) {
    CAPTURE(count);
    Random random(9);
    std::map<std::string, size_t> hits;
    const size_t wanted = std::min<size_t>(count, 200);
    const size_t rounds = 200 * 400 / wanted;
    for (size_t round = 0; round < rounds; ++round) {
      std::set<std::string> picked;
      table->sample(random, count, kNothingDue,
                    [&](const Field& field) { picked.insert(std::string(field.name())); });
      REQUIRE(picked.size() == wanted);
      for (const std::string& field : picked)
        ++hits[field];
    }
    CHECK(hits.size() == 200);
    for (const auto& [field, number] : hits) {
      CHECK(number >= 300);  // Five standard deviations of 400 are 100.
      CHECK(number <= 500);
    }
  }
}

TEST_CASE("a table with deadlines comes apart in slices") {
  const Owned table = make_table();
  for (size_t i = 0; i < 5000; ++i) {
    table->set(name(i), "v", FieldDeadlineRule::kDrop);
    table->set_deadline(name(i), 5);
  }
  size_t slices = 1;
  while (table->free_some(100))
    ++slices;
  CHECK(slices >= 5000 / 130);
}

}  // namespace kvstash::store
