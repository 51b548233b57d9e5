// Numbers: between text and numbers, exactly as Redis reads and prints them, and arithmetic that
// notices overflow. Any thread; nothing allocates unless it says so.
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

// The canonical decimal form only: no '+', blanks, leading zeros or "-0". What INCR accepts, and
// what decides whether a string may be kept as an integer.
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);

// The whole of `text` as strtod reads it (so hexadecimal and "inf" are fine), but no leading
// blank, no NaN, and nothing that overflows or vanishes. What ZADD accepts as a score.
std::optional<double> parse_double(std::string_view text);

// The same in long double, at most kLongDoubleCharsMax - 1 characters. What INCRBYFLOAT accepts.
std::optional<long double> parse_long_double(std::string_view text);

// A size such as in configuration files: digits and a unit in any case. b: 1; k, m, g: powers of
// 1000; kb, mb, gb: powers of 1024.
std::optional<uint64_t> parse_memory(std::string_view text);

// Each writes to `out` and returns the number of characters written.
size_t format_int64(char* out, int64_t value);    // out: kInt64CharsMax
size_t format_uint64(char* out, uint64_t value);  // out: kInt64CharsMax
// out: kDoubleCharsMax. The few digits that read back as the same number (shortest_digits.h), as
// Redis 7.2 prints scores: integers up to 2^62 written out, "0.1", "1e+21", "1.5e-7", inf, nan, -0.
size_t format_double(char* out, double value);
// out: kDoubleCharsMax. Four digits after the point, as Redis prints distances; for numbers below
// 10^11, which are rounded to even.
size_t format_double_4(char* out, double value);
size_t format_double_17(char* out, double value);  // out: kDoubleCharsMax. As "%.17g"; inf, nan.
// Fixed point with 17 decimals, trailing zeros removed: how INCRBYFLOAT stores its result.
size_t format_long_double_human(char* out, long double value);  // out: kLongDoubleCharsMax

// Decimal digits of `value`; 1 for 0.
constexpr size_t digit_count(uint64_t value) {
  size_t digits = 1;
  for (; value >= 10000; value /= 10000)
    digits += 4;
  return digits + (value >= 1000 ? 3u : value >= 100 ? 2u : value >= 10 ? 1u : 0u);
}

// The result, or nothing where it does not fit.
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
