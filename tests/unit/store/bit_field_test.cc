#include "store/bit_field.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace kvstash::store {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

constexpr FieldType i(unsigned width) {
  return {.is_signed = true, .width = width};
}
constexpr FieldType u(unsigned width) {
  return {.is_signed = false, .width = width};
}

bool fits_as(FittedNumber number, int64_t value, bool overflowed) {
  CAPTURE(number.value);
  return number.value == value && number.overflowed == overflowed;
}

}  // namespace

TEST_CASE("a field begins with its highest bit") {
  const std::string bytes("\x12\x34\xff", 3);
  CHECK(read_field(bytes, 0, u(8)) == 0x12);
  CHECK(read_field(bytes, 4, u(8)) == 0x23);
  CHECK(read_field(bytes, 4, u(16)) == 0x234f);
  CHECK(read_field(bytes, 16, i(8)) == -1);
  CHECK(read_field(bytes, 16, u(8)) == 255);
  CHECK(read_field(bytes, 15, i(2)) == 1);
}

TEST_CASE("bits past the end of the string read as zeros") {
  const std::string bytes("\xff", 1);
  CHECK(read_field(bytes, 4, u(8)) == 0xf0);
  CHECK(read_field(bytes, 8, i(64)) == 0);
  CHECK(read_field(bytes, 7, i(64)) == kMin);
  CHECK(read_field("", 4'294'967'295, u(63)) == 0);
}

TEST_CASE("what is written is read again, and its neighbours stay") {
  Random random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(24, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random.next());
    const bool is_signed = random.one_in(2);
    const auto width = static_cast<unsigned>(1 + random.below(is_signed ? 64 : 63));
    const FieldType type{.is_signed = is_signed, .width = width};
    const size_t offset = random.below(bytes.size() * 8 - width + 1);
    const std::string before = bytes;
    const int64_t value =
        fit_sum(type, Overflow::kWrap, static_cast<int64_t>(random.next()), 0).value;
    write_field(bytes, offset, type, value);
    CAPTURE(width);
    CAPTURE(offset);
    REQUIRE(read_field(bytes, offset, type) == value);
    for (size_t at = 0; at < bytes.size() * 8; ++at) {
      if (at >= offset && at < offset + width) continue;
      REQUIRE(read_field(bytes, at, u(1)) == read_field(before, at, u(1)));
    }
  }
}

TEST_CASE("a sum that fits is kept whatever the overflow rule") {
  for (const Overflow rule : {Overflow::kWrap, Overflow::kSaturate, Overflow::kFail}) {
    CHECK(fits_as(fit_sum(i(8), rule, 120, 7), 127, false));
    CHECK(fits_as(fit_sum(i(8), rule, -120, -8), -128, false));
    CHECK(fits_as(fit_sum(u(8), rule, 250, 5), 255, false));
    CHECK(fits_as(fit_sum(u(8), rule, 5, -5), 0, false));
    CHECK(fits_as(fit_sum(i(64), rule, kMax, kMin), -1, false));
    CHECK(fits_as(fit_sum(u(63), rule, kMax, 0), kMax, false));
  }
}

TEST_CASE("wrapping keeps the low bits") {
  CHECK(fits_as(fit_sum(i(8), Overflow::kWrap, 127, 1), -128, true));
  CHECK(fits_as(fit_sum(i(8), Overflow::kWrap, -128, -1), 127, true));
  CHECK(fits_as(fit_sum(u(8), Overflow::kWrap, 255, 1), 0, true));
  CHECK(fits_as(fit_sum(u(8), Overflow::kWrap, 0, -1), 255, true));
  CHECK(fits_as(fit_sum(u(8), Overflow::kWrap, -1, 0), 255, true));
  CHECK(fits_as(fit_sum(i(64), Overflow::kWrap, kMax, 1), kMin, true));
  CHECK(fits_as(fit_sum(i(64), Overflow::kWrap, kMin, -1), kMax, true));
  CHECK(fits_as(fit_sum(u(63), Overflow::kWrap, kMax, 1), 0, true));
}

TEST_CASE("saturating stops at the nearest bound") {
  CHECK(fits_as(fit_sum(i(8), Overflow::kSaturate, 100, 100), 127, true));
  CHECK(fits_as(fit_sum(i(8), Overflow::kSaturate, -100, -100), -128, true));
  CHECK(fits_as(fit_sum(i(8), Overflow::kSaturate, -128, kMin), -128, true));
  CHECK(fits_as(fit_sum(u(8), Overflow::kSaturate, 5, kMin), 0, true));
  CHECK(fits_as(fit_sum(u(8), Overflow::kSaturate, 250, kMax), 255, true));
  CHECK(fits_as(fit_sum(i(64), Overflow::kSaturate, kMax, kMax), kMax, true));
  CHECK(fits_as(fit_sum(i(64), Overflow::kSaturate, kMin, -1), kMin, true));
}

TEST_CASE(
    "a number that is set saturates as in Redis: a negative one is great if unsigned, and one "
    "from which the maximum is more than 63 bits away goes up") {
  CHECK(fits_as(fit_sum(u(8), Overflow::kSaturate, -1, 0), 255, true));
  CHECK(fits_as(fit_sum(i(8), Overflow::kSaturate, -1000, 0), -128, true));
  CHECK(fits_as(fit_sum(i(8), Overflow::kSaturate, kMin, 0), 127, true));
}

TEST_CASE("failing says so and leaves the decision to the caller") {
  CHECK(fit_sum(u(4), Overflow::kFail, 15, 1).overflowed);
  CHECK(fit_sum(i(4), Overflow::kFail, -8, -1).overflowed);
}

}  // namespace kvstash::store
