#include "commands/sorted_set/sorted_set_bounds.h"

#include <doctest/doctest.h>

#include <limits>

namespace kvstash::commands {

using Kind = store::LexBound::Kind;

TEST_CASE(
    "bounds of scores are numbers as strtod reads them, with a parenthesis to leave them out") {
  const Result<store::ScoreRange> range = parse_score_range("(1.5", "+inf");
  REQUIRE(range.ok());
  CHECK(range->min == 1.5);
  CHECK(range->min_exclusive);
  CHECK(range->max == std::numeric_limits<double>::infinity());
  CHECK_FALSE(range->max_exclusive);
  CHECK(parse_score_range("", " 0x10")->max == 16);
  CHECK(parse_score_range("", "(")->min == 0);
  CHECK(parse_score_range("-Infinity", {"7\0x", 3})->max == 7);
  for (const std::string_view bad : {"x", "1x", "nan", "((1", "[1", "1 ", "(x"}) {
    CHECK_FALSE(parse_score_range(bad, "1").ok());
    CHECK_FALSE(parse_score_range("1", bad).ok());
  }
}

TEST_CASE("bounds of members say whether they count themselves") {
  const Result<store::LexRange> range = parse_lex_range("[a", "(b");
  REQUIRE(range.ok());
  CHECK(range->min.kind == Kind::kInclusive);
  CHECK(range->min.text == "a");
  CHECK(range->max.kind == Kind::kExclusive);
  CHECK(range->max.text == "b");
  CHECK(parse_lex_range("-", "+")->min.kind == Kind::kLowest);
  CHECK(parse_lex_range("-", "+")->max.kind == Kind::kHighest);
  CHECK(parse_lex_range("[", "(")->min.text.empty());
  for (const std::string_view bad : {"", "a", "-a", "++", "]a"}) {
    CHECK_FALSE(parse_lex_range(bad, "+").ok());
    CHECK_FALSE(parse_lex_range("-", bad).ok());
  }
}

}  // namespace kvstash::commands
