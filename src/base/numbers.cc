#include "base/numbers.h"

#include "base/ensure.h"
#include "base/shortest_digits.h"
#include "base/text.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

namespace kvstash {
namespace {

// "000102...99": gives two digits for one division.
constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether strtod found the number out of range: too large, or so small that it became 0.
template <typename Float>
bool is_out_of_range(Float value) {
  return errno == ERANGE && (std::isinf(value) || value == 0);
}

// Reads a number with strtod or strtold, by the rules of Redis. A NUL must stand at `end`.
template <typename Float, typename Read>
std::optional<Float> read_float(const char* text, const char* end, Read read) {
  char* stop = nullptr;
  errno = 0;
  const Float value = read(text, &stop);
  if (stop != end || is_out_of_range(value) || std::isnan(value)) return std::nullopt;
  return value;
}

// Whether the value is an exact integer within the limit. Most scores are, and need no digits after
// the point.
bool is_integer_within(double value, double limit) {
  return value >= -limit && value <= limit && value == std::trunc(value) &&
         !(value == 0 && std::signbit(value));
}

char* put_digits(char* at, const ShortestDigits& decimal, int from, int to) {
  std::memcpy(at, decimal.digits + from, static_cast<size_t>(to - from));
  return at + (to - from);
}

char* put_zeros(char* at, int count) {
  std::memset(at, '0', static_cast<size_t>(count));
  return at + count;
}

// The decimal exponent of the first digit.
int exponent_of(const ShortestDigits& decimal) {
  return decimal.exponent + decimal.count - 1;
}

// Writes the form "1.25e+21".
char* put_scientific(char* at, const ShortestDigits& decimal) {
  at = put_digits(at, decimal, 0, 1);
  if (decimal.count > 1) {
    *at++ = '.';
    at = put_digits(at, decimal, 1, decimal.count);
  }
  const int exponent = exponent_of(decimal);
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  return at + format_uint64(at, static_cast<uint64_t>(std::abs(exponent)));
}

// Whether Redis writes the number without an exponent. It uses scientific notation for integers
// with more than seven zeros at the end, and for other numbers with more than six digits after the
// point, except those from 0.001 to below 10000.
bool is_written_out(const ShortestDigits& decimal) {
  constexpr int kZerosMax = 7;
  constexpr int kDigitsBehindPointMax = 6;
  constexpr int kExponentSmall = 3;
  const int exponent = std::abs(exponent_of(decimal));
  if (decimal.exponent >= 0) return exponent < decimal.count + kZerosMax;
  return -decimal.exponent <= kDigitsBehindPointMax || exponent <= kExponentSmall;
}

char* put_decimal(char* at, const ShortestDigits& decimal) {
  if (!is_written_out(decimal)) return put_scientific(at, decimal);
  if (decimal.exponent >= 0)
    return put_zeros(put_digits(at, decimal, 0, decimal.count), decimal.exponent);
  const int before_point = decimal.count + decimal.exponent;
  if (before_point > 0) {
    at = put_digits(at, decimal, 0, before_point);
    *at++ = '.';
    return put_digits(at, decimal, before_point, decimal.count);
  }
  *at++ = '0';
  *at++ = '.';
  return put_digits(put_zeros(at, -before_point), decimal, 0, decimal.count);
}

template <typename Float>
size_t format_special(char* out, Float value) {
  const std::string_view text = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  std::memcpy(out, text.data(), text.size());
  return text.size();
}

struct Unit {
  std::string_view name;
  uint64_t bytes;
};

constexpr Unit kMemoryUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", 1000},
    {"kb", 1024},
    {"m", 1000'000},
    {"mb", 1024 * 1024},
    {"g", 1000'000'000},
    {"gb", 1024 * 1024 * 1024},
};

}  // namespace

std::optional<uint64_t> parse_uint64(std::string_view text) {
  constexpr size_t kSafeDigits = 19;  // Any number of so few digits fits.
  if (text.empty() || text.size() > kInt64CharsMax) return std::nullopt;
  if (text[0] == '0') return text.size() == 1 ? std::optional<uint64_t>(0) : std::nullopt;
  uint64_t value = 0;
  for (const char c : text.substr(0, kSafeDigits)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  if (text.size() <= kSafeDigits) return value;

  const char last = text[kSafeDigits];
  if (!is_digit(last) || __builtin_mul_overflow(value, uint64_t{10}, &value) ||
      __builtin_add_overflow(value, static_cast<uint64_t>(last - '0'), &value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> parse_int64(std::string_view text) {
  constexpr uint64_t kMax = INT64_MAX;
  const bool is_negative = !text.empty() && text[0] == '-';
  const std::optional<uint64_t> magnitude = parse_uint64(text.substr(is_negative ? 1 : 0));
  if (!magnitude) return std::nullopt;
  if (!is_negative) {
    if (*magnitude > kMax) return std::nullopt;
    return static_cast<int64_t>(*magnitude);
  }
  if (*magnitude == 0 || *magnitude > kMax + 1) return std::nullopt;
  return static_cast<int64_t>(0 - *magnitude);
}

std::optional<double> parse_double(std::string_view text) {
  if (text.empty() || is_blank(text[0])) return std::nullopt;

  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure == std::errc() && stop == end) {
    return std::isnan(value) ? std::nullopt : std::optional<double>(value);
  }
  // from_chars does not know '+', hexadecimal and the rules of overflow. strtod needs a NUL at the
  // end.
  const std::string copy(text);
  return read_float<double>(copy.c_str(), copy.c_str() + copy.size(), std::strtod);
}

std::optional<long double> parse_long_double(std::string_view text) {
  char copy[kLongDoubleCharsMax];
  if (text.empty() || text.size() >= sizeof copy || is_blank(text[0])) return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return read_float<long double>(copy, copy + text.size(), std::strtold);
}

std::optional<uint64_t> parse_memory(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits]))
    ++digits;

  uint64_t count = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + digits, count);
  if (digits == 0 || failure != std::errc() || stop != text.data() + digits) return std::nullopt;

  for (const Unit& unit : kMemoryUnits) {
    if (!equals_ignore_case(text.substr(digits), unit.name)) continue;
    if (__builtin_mul_overflow(count, unit.bytes, &count)) return std::nullopt;
    return count;
  }
  return std::nullopt;
}

size_t format_uint64(char* out, uint64_t value) {
  const size_t digits = digit_count(value);
  char* at = out + digits;
  while (value >= 100) {
    at -= 2;
    std::memcpy(at, &kDigitPairs[2 * (value % 100)], 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(out, &kDigitPairs[2 * value], 2);
  } else {
    *out = static_cast<char>('0' + value);
  }
  return digits;
}

size_t format_int64(char* out, int64_t value) {
  if (value >= 0) return format_uint64(out, static_cast<uint64_t>(value));
  *out = '-';
  return 1 + format_uint64(out + 1, 0 - static_cast<uint64_t>(value));
}

size_t format_double(char* out, double value) {
  constexpr double kInteger = 4611686018427387904.0;  // 2^62, the bound in Redis.
  if (is_integer_within(value, kInteger)) return format_int64(out, static_cast<int64_t>(value));
  if (!std::isfinite(value)) return format_special(out, value);
  char* at = out;
  if (std::signbit(value)) *at++ = '-';
  if (value == 0) {
    *at++ = '0';
  } else {
    at = put_decimal(at, shortest_digits(std::abs(value)));
  }
  return static_cast<size_t>(at - out);
}

size_t format_double_17(char* out, double value) {
  constexpr double kExact = 1e15;
  if (is_integer_within(value, kExact)) return format_int64(out, static_cast<int64_t>(value));
  if (!std::isfinite(value)) return format_special(out, value);
  constexpr int kDigits = 17;
  const auto [end, failure] =
      std::to_chars(out, out + kDoubleCharsMax, value, std::chars_format::general, kDigits);
  ensure(failure == std::errc());
  return static_cast<size_t>(end - out);
}

size_t format_double_4(char* out, double value) {
  constexpr uint64_t kUnit = 10'000;
  constexpr double kUnitsMax = 9.2e18;
  const double scaled = value * static_cast<double>(kUnit);
  const int64_t units =
      std::fabs(scaled) < kUnitsMax ? std::llrint(scaled) : std::numeric_limits<int64_t>::min();
  char* at = out;
  if (units < 0) *at++ = '-';
  const uint64_t magnitude =
      units < 0 ? 0 - static_cast<uint64_t>(units) : static_cast<uint64_t>(units);
  at += format_uint64(at, magnitude / kUnit);
  *at++ = '.';
  // One more digit in front makes sure that zeros are written.
  char behind_point[kInt64CharsMax];
  const size_t digits = format_uint64(behind_point, kUnit + magnitude % kUnit);
  std::memcpy(at, behind_point + 1, digits - 1);
  return static_cast<size_t>(at - out) + digits - 1;
}

size_t format_long_double_human(char* out, long double value) {
  if (!std::isfinite(value)) return format_special(out, value);
  const int written = std::snprintf(out, kLongDoubleCharsMax, "%.17Lf", value);
  ensure(written > 0 && static_cast<size_t>(written) < kLongDoubleCharsMax);

  auto size = static_cast<size_t>(written);  // There is a point, so the loop stops.
  while (out[size - 1] == '0')
    --size;
  if (out[size - 1] == '.') --size;
  if (std::string_view(out, size) != "-0") return size;
  out[0] = '0';
  return 1;
}

}  // namespace kvstash
