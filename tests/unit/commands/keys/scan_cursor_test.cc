#include "commands/keys/scan_cursor.h"

#include <doctest/doctest.h>

#include <limits>

namespace kvstash::commands {
namespace {

TEST_CASE("a cursor survives the way to the client and back") {
  for (const size_t shard : {size_t{0}, size_t{1}, ScanCursor::kShardsMax - 1}) {
    for (const uint64_t position : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << 48) - 1}) {
      const ScanCursor cursor{.shard = shard,
                              .position = static_cast<store::ScanPosition>(position)};
      CHECK(cursor_of(cursor_number(cursor)) == cursor);
    }
  }
  CHECK(cursor_number({}) == 0);
}

TEST_CASE("the largest cursor fits a signed 64-bit integer") {
  const ScanCursor largest{
      .shard = ScanCursor::kShardsMax - 1,
      .position = static_cast<store::ScanPosition>((uint64_t{1} << ScanCursor::kPositionBits) - 1)};
  CHECK(cursor_number(largest) == uint64_t{std::numeric_limits<int64_t>::max()});
}

TEST_CASE("cursors are read as strtoul does") {
  struct Row {
    std::string_view text;
    uint64_t number;
  };
  for (const Row& row :
       {Row{"0", 0}, Row{"", 0}, Row{"+5", 5}, Row{"007", 7}, Row{std::string_view("\0x", 2), 0},
        Row{std::string_view("8\0", 2), 8}, Row{"-1", std::numeric_limits<uint64_t>::max()},
        Row{"18446744073709551615", std::numeric_limits<uint64_t>::max()}}) {
    CAPTURE(row.text);
    const auto number = parse_cursor(row.text);
    REQUIRE(number.ok());
    CHECK(*number == row.number);
  }
}

TEST_CASE("what is not a cursor is refused") {
  for (const std::string_view text : {"x", "1.5", " 0", "0 ", "-", "+", "--1", "0x10",
                                      "18446744073709551616", "99999999999999999999999"}) {
    CAPTURE(text);
    const auto number = parse_cursor(text);
    REQUIRE(!number.ok());
    CHECK(number.error().message() == "ERR invalid cursor");
  }
}

}  // namespace
}  // namespace kvstash::commands
