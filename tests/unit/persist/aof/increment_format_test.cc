#include "persist/aof/increment_format.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash::persist;

namespace {

const IncrementHeader kHeader{.lsn = 1234,
                              .synced = 1200,
                              .replid = "0123456789abcdef0123456789abcdef01234567",
                              .salt = 0xfedcba9876543210};
const BlockHeader kBlock{.bytes = 56, .lsn = 1234, .synced = 1200, .crc = 0x123};

// Calls `check` with the line after each flip of one bit.
template <typename Check>
void with_each_bit_flipped(const std::string& line, Check check) {
  for (size_t bit = 0; bit < line.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string flipped = line;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    check(flipped);
  }
}

}  // namespace

TEST_CASE("the lines of an increment are read as they were printed") {
  const std::string header = print_increment_header(kHeader);
  CHECK(header ==
        "#KVSTASH:1 lsn=1234 synced=1200 replid=0123456789abcdef0123456789abcdef01234567 "
        "salt=fedcba9876543210 head=e68bc6bf02cfb810\r\n");
  CHECK(parse_increment_header(header) == kHeader);
  const std::string block = print_block_header(kBlock, 7);
  CHECK(block.starts_with("#BLOCK:56 lsn=1234 synced=1200 crc=0000000000000123 head="));
  CHECK(parse_block_header(block, 7) == kBlock);
  CHECK_FALSE(parse_block_header(block, 8).has_value());
}

TEST_CASE("no line of an increment is longer than the bound") {
  const uint64_t most = UINT64_MAX;
  CHECK(
      print_increment_header({.lsn = most, .synced = most, .replid = kHeader.replid, .salt = most})
          .size() <= kOwnLineBytesMax);
  CHECK(
      print_block_header({.bytes = most, .lsn = most, .synced = most, .crc = most}, most).size() <=
      kOwnLineBytesMax);
}

TEST_CASE("a line with one flipped bit is no line of an increment") {
  with_each_bit_flipped(print_increment_header(kHeader), [](const std::string& line) {
    CHECK_FALSE(parse_increment_header(line).has_value());
  });
  with_each_bit_flipped(print_block_header(kBlock, 7), [](const std::string& line) {
    CHECK_FALSE(parse_block_header(line, 7).has_value());
  });
}

TEST_CASE("times and bytes that only the stream has are read") {
  CHECK(parse_timestamp("#TS:1700000000\r\n") == 1700000000);
  CHECK_FALSE(parse_timestamp("#TS:\r\n").has_value());
  CHECK_FALSE(parse_timestamp("#TS:12x\r\n").has_value());
  CHECK_FALSE(parse_timestamp("#TS:12").has_value());
  CHECK(parse_stream_only("#STREAMONLY:14\r\n") == 14u);
  CHECK_FALSE(parse_stream_only("#STREAMONLY:-1\r\n").has_value());
}
