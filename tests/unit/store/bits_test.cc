#include "store/bits.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::store {
namespace {

std::string random_text(Random& random, size_t size) {
  std::string text(size, '\0');
  for (char& byte : text)
    byte = static_cast<char>(random.next());
  return text;
}

bool plain_bit(std::string_view bytes, size_t position) {
  return (static_cast<uint8_t>(bytes[position / 8]) & (0x80u >> (position % 8))) != 0;
}

size_t plain_count(std::string_view bytes, BitRange range) {
  size_t count = 0;
  for (size_t i = range.begin; i < range.end; ++i)
    count += plain_bit(bytes, i) ? 1 : 0;
  return count;
}

std::optional<size_t> plain_find(std::string_view bytes, BitRange range, bool value) {
  for (size_t i = range.begin; i < range.end; ++i) {
    if (plain_bit(bytes, i) == value) return i;
  }
  return std::nullopt;
}

BitRange random_range(Random& random, size_t bytes) {
  const size_t begin = random.below(bytes * 8 + 1);
  return {begin, begin + random.below(bytes * 8 - begin + 1)};
}

std::string combined(BitOperation operation, const std::vector<std::string_view>& sources,
                     size_t size) {
  std::string out(size, '?');
  combine_bits(operation, sources, out);
  return out;
}

}  // namespace

TEST_CASE("bit 0 is the highest bit of the first byte") {
  std::string bytes("\x80\x01", 2);
  CHECK(bit_at(bytes, 0));
  CHECK_FALSE(bit_at(bytes, 1));
  CHECK(bit_at(bytes, 15));
  CHECK_FALSE(bit_at(bytes, 16));  // Past the end.
  set_bit(bytes, 1, true);
  set_bit(bytes, 0, false);
  set_bit(bytes, 15, true);
  CHECK(bytes == std::string("\x40\x01", 2));
}

TEST_CASE("ones are counted at every length and alignment") {
  Random random(1);
  const std::string text = random_text(random, 200);
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; size + begin <= text.size(); ++size) {
      const std::string_view bytes = std::string_view(text).substr(begin, size);
      REQUIRE(count_bits(bytes) == plain_count(bytes, {0, size * 8}));
    }
  }
}

TEST_CASE("ones are counted within a range of bits") {
  Random random(2);
  for (int round = 0; round < 5000; ++round) {
    const std::string text = random_text(random, 1 + random.below(70));
    const BitRange range = random_range(random, text.size());
    CAPTURE(range.begin);
    CAPTURE(range.end);
    REQUIRE(count_bits(text, range) == plain_count(text, range));
  }
}

TEST_CASE("the first bit of a value is found wherever it stands alone") {
  for (const bool value : {false, true}) {
    const std::string empty(150, value ? '\0' : '\xff');
    CHECK_FALSE(find_bit(empty, value).has_value());
    for (size_t position = 0; position < empty.size() * 8; ++position) {
      std::string text = empty;
      set_bit(text, position, value);
      REQUIRE(find_bit(text, value) == position);
    }
  }
  CHECK_FALSE(find_bit("", true).has_value());
  CHECK_FALSE(find_bit("", false).has_value());
}

TEST_CASE("the first bit of a value is found within a range of bits, and not outside") {
  Random random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string text(1 + random.below(40), random.one_in(2) ? '\0' : '\xff');
    for (auto changes = random.below(3); changes > 0; --changes)
      set_bit(text, random.below(text.size() * 8), random.one_in(2));
    const BitRange range = random_range(random, text.size());
    CAPTURE(range.begin);
    CAPTURE(range.end);
    REQUIRE(find_bit(text, range, true) == plain_find(text, range, true));
    REQUIRE(find_bit(text, range, false) == plain_find(text, range, false));
  }
}

TEST_CASE("sources of different lengths combine as if zeros followed the shorter ones") {
  using namespace std::string_literals;
  CHECK(combined(BitOperation::kAnd, {"abc", "ab"}, 3) == "ab\0"s);
  CHECK(combined(BitOperation::kOr, {"ab", "abc"}, 3) == "abc");
  CHECK(combined(BitOperation::kXor, {"abc", "ab"}, 3) == "\0\0c"s);
  CHECK(combined(BitOperation::kNot, {"\x0f\xff"}, 2) == "\xf0\0"s);
  CHECK(combined(BitOperation::kAnd, {"", "a"}, 1) == "\0"s);
  CHECK(combined(BitOperation::kOr, {"abc"}, 3) == "abc");
  CHECK(combined(BitOperation::kOr, {""}, 0).empty());
}

TEST_CASE("combining in blocks and words gives what combining bit by bit gives") {
  Random random(4);
  for (const size_t longest : {1u, 7u, 31u, 33u, 500u, 8191u, 8193u, 20000u}) {
    const std::string a = random_text(random, longest);
    const std::string b = random_text(random, longest / 2);
    const std::string c = random_text(random, longest - longest / 3);
    const auto byte = [](const std::string& text, size_t i) {
      return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
    };
    const std::string all = combined(BitOperation::kAnd, {b, a, c}, longest);
    const std::string any = combined(BitOperation::kOr, {b, a, c}, longest);
    const std::string odd = combined(BitOperation::kXor, {b, a, c}, longest);
    const std::string none = combined(BitOperation::kNot, {a}, longest);
    CAPTURE(longest);
    for (size_t i = 0; i < longest; ++i) {
      REQUIRE(byte(all, i) == (byte(a, i) & byte(b, i) & byte(c, i)));
      REQUIRE(byte(any, i) == (byte(a, i) | byte(b, i) | byte(c, i)));
      REQUIRE(byte(odd, i) == (byte(a, i) ^ byte(b, i) ^ byte(c, i)));
      REQUIRE(byte(none, i) == (byte(a, i) ^ 0xff));
    }
  }
}

}  // namespace kvstash::store
