#include "store/field.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash::store {
namespace {

constexpr size_t kSizes[] = {0, 1, 6, 255, 256, 300, 65535, 65536, 70000};

std::string text(size_t size, char first) {
  std::string made(size, '.');
  for (size_t i = 0; i < size; ++i)
    made[i] = static_cast<char>(first + static_cast<char>(i % 23));
  return made;
}

}  // namespace

TEST_CASE("a small field takes three bytes beside its texts, a small member two") {
  Field* field = Field::make({.name = "field1", .value = "value:1"});
  CHECK(field->bytes_asked() == 3 + 6 + 7);
  CHECK(field->bytes_allocated() == 16);
  Field::destroy(field);
  Field* member = Field::make({.name = "member"});
  CHECK(member->bytes_asked() == 2 + 6);
  CHECK(!member->has_value());
  CHECK(member->value().empty());
  Field::destroy(member);
}

TEST_CASE("a field gives back name, value and slot of any size") {
  for (const size_t name_size : kSizes) {
    for (const size_t value_size : kSizes) {
      for (const bool has_deadline : {false, true}) {
        CAPTURE(name_size);
        CAPTURE(value_size);
        const std::string name = text(name_size, 'a');
        const std::string value = text(value_size, 'A');
        Field* field = Field::make({name, value, has_deadline});
        CHECK(field->has_deadline() == has_deadline);
        if (has_deadline) {
          field->set_deadline_slot(0xfffffffe);
          CHECK(field->deadline_slot() == 0xfffffffe);
        }
        CHECK(field->name() == name);
        CHECK(field->value() == value);
        Field::destroy(field);
      }
    }
  }
}

TEST_CASE("a field made anew keeps its name, whatever becomes of value and deadline") {
  const std::string name = text(40, 'a');
  Field* field = Field::make({.name = name, .value = ""});
  for (const size_t size : {3u, 250u, 255u, 256u, 252u, 260u, 0u, 65530u, 65540u, 10u, 1u}) {
    for (const bool has_deadline : {true, false, false, true, true}) {
      CAPTURE(size);
      const std::string value = text(size, 'A');
      field = Field::remake(field, value, has_deadline);
      if (has_deadline) field->set_deadline_slot(7);
      CHECK(field->name() == name);
      CHECK(field->value() == value);
      CHECK(field->has_deadline() == has_deadline);
    }
  }
  Field::destroy(field);
}

TEST_CASE("a field takes its own value along when it gains or loses a deadline") {
  for (const size_t size : {0u, 2u, 5u, 100u, 300u}) {
    const std::string value = text(size, 'A');
    Field* field = Field::make({.name = "name", .value = value});
    for (const bool has_deadline : {true, true, false, true, false}) {
      field = Field::remake(field, field->value(), has_deadline);
      CHECK(field->name() == "name");
      CHECK(field->value() == value);
    }
    Field::destroy(field);
  }
}

TEST_CASE("a field stays where it is when the allocation has room for the new value") {
  Field* field = Field::make({.name = "field1", .value = "1"});  // 10 of 16 bytes
  CHECK(Field::remake(field, "1234567", false) == field);
  CHECK(field->value() == "1234567");
  CHECK(field->bytes_allocated() == 16);
  Field::destroy(field);
}

}  // namespace kvstash::store
