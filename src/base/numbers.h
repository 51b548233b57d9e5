// Numbers: conversions between text and numbers exactly as in Redis, and arithmetic that detects
// overflow. Any thread; nothing allocates unless its comment says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash {

// Characters that the formatters below may write. None of them ends its output with a NUL.
inline constexpr size_t kInt64CharsMax = 20;         // -9223372036854775808
inline constexpr size_t kDoubleCharsMax = 32;        // 17 digits, sign, point, exponent
inline constexpr size_t kLongDoubleCharsMax = 5120;  // LDBL_MAX written out has 4933 digits

// Read the canonical decimal form only: no '+', blanks, leading zeros or "-0". INCR accepts this
// form, and a string in this form may be kept as an integer.
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);

// Reads the whole of `text` as strtod does (so hexadecimal and "inf" are allowed), but no leading
// blank, no NaN, and no number that overflows or underflows to 0. ZADD accepts such scores.
std::optional<double> parse_double(std::string_view text);

// As parse_double, in long double and of at most kLongDoubleCharsMax - 1 characters. INCRBYFLOAT
// accepts such numbers.
std::optional<long double> parse_long_double(std::string_view text);

// Reads a size as in configuration files: digits and a unit in any case. The unit b is 1 byte; k, m
// and g are powers of 1000; kb, mb and gb are powers of 1024.
std::optional<uint64_t> parse_memory(std::string_view text);

// Each of these functions writes to `out` and returns the number of characters written.
size_t format_int64(char* out, int64_t value);    // out: kInt64CharsMax
size_t format_uint64(char* out, uint64_t value);  // out: kInt64CharsMax
// out: kDoubleCharsMax. Writes the few digits that read back as the same number
// (shortest_digits.h), as Redis 7.2 prints scores: "0.1", "1e+21", "1.5e-7", inf, nan, -0, and
// integers up to 2^62 in full.
size_t format_double(char* out, double value);
// out: kDoubleCharsMax. Writes four digits after the point, as Redis prints distances. For numbers
// below 10^11, which are rounded to even.
size_t format_double_4(char* out, double value);
size_t format_double_17(char* out, double value);  // out: kDoubleCharsMax. As "%.17g"; inf, nan.
// Writes fixed point with 17 decimals and removes trailing zeros, as INCRBYFLOAT stores its result.
size_t format_long_double_human(char* out, long double value);  // out: kLongDoubleCharsMax

// Returns the number of decimal digits of `value`; 1 for 0.
constexpr size_t digit_count(uint64_t value) {
  size_t digits = 1;
  for (; value >= 10000; value /= 10000)
    digits += 4;
  return digits + (value >= 1000 ? 3u : value >= 100 ? 2u : value >= 10 ? 1u : 0u);
}

// Returns the result, or nothing if it does not fit.
constexpr std::optional<int64_t> checked_add(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}
constexpr std::optional<int64_t> checked_sub(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_sub_overflow(a, b, &result)) return std::nullopt;
  return result;
}
constexpr std::optional<int64_t> checked_mul(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

}  // namespace kvstash
