#include "base/leading_number.h"

#include <doctest/doctest.h>

using namespace kvstash;

TEST_CASE("the number at the beginning of a text is read, whatever follows") {
  CHECK(leading_number("12") == 12);
  CHECK(leading_number("-7,state=online") == -7);
  CHECK(leading_number("3x4") == 3);
  CHECK(leading_number("9223372036854775807 ") == INT64_MAX);
}

TEST_CASE("a text that does not begin with a number that fits counts as 0") {
  for (const char* text : {"", "-", "x1", " 1", "+1", "9223372036854775808"})
    CHECK(leading_number(text) == 0);
}
