#include "commands/shared/block_timeout.h"

#include <doctest/doctest.h>

namespace kvstash::commands {
namespace {

constexpr int64_t kNow = 1'000'000;

TEST_CASE("a timeout of zero seconds is for ever") {
  CHECK_FALSE((*parse_block_seconds("0", kNow)).has_value());
  CHECK_FALSE((*parse_block_seconds("0.0", kNow)).has_value());
  CHECK_FALSE((*parse_block_milliseconds("0", kNow)).has_value());
}

TEST_CASE("fractions of a millisecond are rounded up") {
  CHECK(**parse_block_seconds("0.0001", kNow) == 1);
  CHECK(**parse_block_seconds("1.5", kNow) == 1500);
  CHECK(**parse_block_milliseconds("7", kNow) == 7);
}

TEST_CASE("timeouts that are no time are refused, each for its reason") {
  CHECK(parse_block_seconds("-1", kNow).error().message() == "ERR timeout is negative");
  CHECK(parse_block_seconds("x", kNow).error().message() ==
        "ERR timeout is not a float or out of range");
  CHECK(parse_block_seconds("1e400", kNow).error().message() == "ERR timeout is out of range");
  CHECK(parse_block_seconds("9223372036854775.807", kNow).error().message() ==
        "ERR timeout is out of range");
  CHECK(parse_block_milliseconds("1.5", kNow).error().message() ==
        "ERR timeout is not an integer or out of range");
  CHECK(parse_block_milliseconds("-5", kNow).error().message() == "ERR timeout is negative");
}

}  // namespace
}  // namespace kvstash::commands
