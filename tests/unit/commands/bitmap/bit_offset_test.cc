#include "commands/bitmap/bit_offset.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::commands {
namespace {

constexpr uint64_t kBytesMax = uint64_t{512} << 20;

bool is_refused(const Result<size_t>& offset) {
  return !offset.ok() &&
         offset.error().message() == "ERR bit offset is not an integer or out of range";
}

}  // namespace

TEST_CASE("a bit offset is a number below the bits of the largest string") {
  CHECK(*parse_bit_offset("0", kBytesMax) == 0);
  CHECK(*parse_bit_offset("4294967295", kBytesMax) == 4294967295);
  for (const char* text : {"4294967296", "-1", "", "x", "1.5", " 1", "01", "#1",
                           "9223372036854775807", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK(is_refused(parse_bit_offset(text, kBytesMax)));
  }
  CHECK(is_refused(parse_bit_offset("80", 10)));
  CHECK(*parse_bit_offset("79", 10) == 79);
}

TEST_CASE("a hash counts in fields") {
  CHECK(*parse_field_offset("3", 8, kBytesMax) == 3);
  CHECK(*parse_field_offset("#3", 8, kBytesMax) == 24);
  CHECK(*parse_field_offset("#0", 63, kBytesMax) == 0);
  for (const char* text : {"#", "##1", "#-1", "#536870912", "#9223372036854775807"}) {
    CAPTURE(text);
    CHECK(is_refused(parse_field_offset(text, 8, kBytesMax)));
  }
}

}  // namespace kvstash::commands
