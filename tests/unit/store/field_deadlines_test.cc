#include "store/field_deadlines.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace kvstash::store {
namespace {

Field* make_field(size_t number) {
  return Field::make({.name = std::to_string(number), .value = "v", .has_deadline = true});
}

}  // namespace

TEST_CASE("the first deadline is the earliest, whatever is added, changed and removed") {
  FieldDeadlines deadlines;
  Random random(3);
  std::map<Field*, int64_t> expected;
  const auto any = [&] {
    auto at = expected.begin();
    std::advance(at, static_cast<long>(random.below(std::min<size_t>(expected.size(), 50))));
    return at;
  };
  for (size_t i = 0; i < 12000; ++i) {
    const bool grows = i % 6000 < 4000;
    const auto deadline = static_cast<int64_t>(random.below(1000));
    if (expected.empty() || random.below(10) < (grows ? 7u : 1u)) {
      Field* field = make_field(i);
      deadlines.add(field, deadline);
      expected[field] = deadline;
    } else if (random.one_in(3)) {
      const auto at = any();
      deadlines.change(at->first->deadline_slot(), deadline);
      at->second = deadline;
    } else {
      const auto at = any();
      deadlines.remove(at->first->deadline_slot());
      Field::destroy(at->first);
      expected.erase(at);
    }
    REQUIRE(deadlines.size() == expected.size());
    if (i % 200 != 0 || expected.empty()) continue;
    REQUIRE(deadlines.is_sound());
    int64_t earliest = 1000;
    size_t due = 0;
    for (const auto& [field, at] : expected) {
      REQUIRE(deadlines.holds(field));
      REQUIRE(deadlines.deadline_ms(field->deadline_slot()) == at);
      earliest = std::min(earliest, at);
      due += at <= 300 ? 1 : 0;
    }
    CHECK(deadlines.first_deadline_ms() == earliest);
    CHECK(expected.at(deadlines.first()) == earliest);
    CHECK(deadlines.count_due(300) == due);
  }
  for (const auto& [field, at] : expected)
    Field::destroy(field);
}

TEST_CASE("one deadline takes little memory, and memory goes down with their number") {
  FieldDeadlines deadlines;
  CHECK(deadlines.bytes() == 0);
  std::vector<Field*> fields;
  fields.push_back(make_field(0));
  deadlines.add(fields[0], 1);
  CHECK(deadlines.bytes() <= 96);
  for (size_t i = 1; i < 10000; ++i) {
    fields.push_back(make_field(i));
    deadlines.add(fields.back(), static_cast<int64_t>(i));
  }
  CHECK(deadlines.bytes() < 10000 * 16 + 32768);
  while (deadlines.size() > 1)
    deadlines.remove(fields[deadlines.size() - 1]->deadline_slot());
  CHECK(deadlines.bytes() < 512);
  CHECK(deadlines.first() == fields[0]);
  for (Field* field : fields)
    Field::destroy(field);
}

TEST_CASE("a field that moved in memory keeps its deadline") {
  FieldDeadlines deadlines;
  Field* field = make_field(1);
  deadlines.add(field, 77);
  Field* fresh = make_field(1);
  deadlines.relocate(field->deadline_slot(), fresh);
  Field::destroy(field);
  CHECK(deadlines.first() == fresh);
  CHECK(deadlines.holds(fresh));
  CHECK(deadlines.deadline_ms(fresh->deadline_slot()) == 77);
  Field::destroy(fresh);
}

TEST_CASE("deadlines come apart a chunk at a time") {
  FieldDeadlines deadlines;
  std::vector<Field*> fields;
  for (size_t i = 0; i < 3000; ++i) {
    fields.push_back(make_field(i));
    deadlines.add(fields.back(), 5);
  }
  CHECK(deadlines.free_some(1));
  CHECK(deadlines.free_some(1));
  CHECK(!deadlines.free_some(1));
  CHECK(deadlines.bytes() == 0);
  for (Field* field : fields)
    Field::destroy(field);
}

}  // namespace kvstash::store
