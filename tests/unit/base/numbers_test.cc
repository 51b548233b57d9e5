#include "base/numbers.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

using namespace kvstash;

namespace {

std::string as_text(int64_t value) {
  char out[kInt64CharsMax];
  return {out, format_int64(out, value)};
}

std::string double_text(double value) {
  char out[kDoubleCharsMax];
  return {out, format_double(out, value)};
}

std::string text_of_17_digits(double value) {
  char out[kDoubleCharsMax];
  return {out, format_double_17(out, value)};
}

std::string human_text(long double value) {
  char out[kLongDoubleCharsMax];
  return {out, format_long_double_human(out, value)};
}

}  // namespace

TEST_CASE("an integer is read in its canonical decimal form only") {
  CHECK(parse_int64("0") == 0);
  CHECK(parse_int64("-1") == -1);
  CHECK(parse_int64("1234567890123456789") == 1234567890123456789);
  CHECK(parse_int64("9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK(parse_int64("-9223372036854775808") == std::numeric_limits<int64_t>::min());

  for (const char* bad : {"",
                          "-",
                          "+1",
                          " 1",
                          "1 ",
                          "01",
                          "-0",
                          "00",
                          "-01",
                          "1.0",
                          "1e3",
                          "0x1",
                          "1a",
                          "--1",
                          "9223372036854775808",
                          "-9223372036854775809",
                          "18446744073709551616",
                          "99999999999999999999",
                          "100000000000000000000",
                          "1234567890123456789x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_int64(bad).has_value());
  }
}

TEST_CASE("an unsigned integer reaches 2^64 - 1 and no further") {
  CHECK(parse_uint64("0") == 0u);
  CHECK(parse_uint64("18446744073709551615") == std::numeric_limits<uint64_t>::max());
  CHECK_FALSE(parse_uint64("18446744073709551616").has_value());
  CHECK_FALSE(parse_uint64("99999999999999999999").has_value());
  CHECK_FALSE(parse_uint64("-1").has_value());
}

TEST_CASE("a NUL inside a number makes it no number") {
  CHECK_FALSE(parse_int64({"1\0", 2}).has_value());
  CHECK_FALSE(parse_double({"1\0", 2}).has_value());
  CHECK_FALSE(parse_long_double({"1\0", 2}).has_value());
}

TEST_CASE("integers survive being written and read") {
  CHECK(as_text(0) == "0");
  CHECK(as_text(-7) == "-7");
  CHECK(as_text(std::numeric_limits<int64_t>::min()) == "-9223372036854775808");
  CHECK(as_text(std::numeric_limits<int64_t>::max()) == "9223372036854775807");
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto value = static_cast<int64_t>(random.next() >> random.below(64));
    REQUIRE(as_text(value) == std::to_string(value));
    REQUIRE(parse_int64(as_text(-value)) == -value);
    REQUIRE(digit_count(static_cast<uint64_t>(value)) ==
            std::to_string(static_cast<uint64_t>(value)).size());
  }
}

TEST_CASE("a double is read as strtod reads it, whole") {
  CHECK(parse_double("1.5") == 1.5);
  CHECK(parse_double("+1.5") == 1.5);
  CHECK(parse_double("-.5e1") == -5.0);
  CHECK(parse_double("1.") == 1.0);
  CHECK(parse_double("0x10") == 16.0);
  CHECK(parse_double("inf") == HUGE_VAL);
  CHECK(parse_double("+INFINITY") == HUGE_VAL);
  CHECK(parse_double("-Inf") == -HUGE_VAL);
  CHECK(parse_double("5e-324") == 5e-324);

  for (const char* bad : {"", " 1", "1 ", "\t1", "nan", "-nan", "NAN(1)", "1e400", "-1e400",
                          "1e-400", "1.5x", "e5", ".", "one"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_double(bad).has_value());
  }
}

TEST_CASE("a long double is read by the same rules, with its own range") {
  CHECK(parse_long_double("3.0") == 3.0L);
  CHECK(parse_long_double("1e400") == 1e400L);
  CHECK(parse_long_double("-inf") == -HUGE_VALL);
  for (const char* bad : {"", " 1", "1 ", "nan", "1e5000", "1e-5000", "abc"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_long_double(bad).has_value());
  }
  CHECK(parse_long_double(std::string(kLongDoubleCharsMax - 2, '0') + "7") == 7.0L);
  CHECK_FALSE(parse_long_double(std::string(kLongDoubleCharsMax - 1, '0') + "7").has_value());
}

TEST_CASE("a double is written with few digits that read back as it") {
  CHECK(double_text(0) == "0");
  CHECK(double_text(-0.0) == "-0");
  CHECK(double_text(3) == "3");
  CHECK(double_text(-100) == "-100");
  CHECK(double_text(0.1) == "0.1");
  CHECK(double_text(-2.5) == "-2.5");
  CHECK(double_text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(double_text(1e17) == "100000000000000000");
  CHECK(double_text(4611686018427387904.0) == "4611686018427387904");
  CHECK(double_text(4611686018427388928.0) == "4611686018427389000");
  CHECK(double_text(1e19) == "1e+19");
  CHECK(double_text(1.5e300) == "1.5e+300");
  CHECK(double_text(-1.5e-300) == "-1.5e-300");
  CHECK(double_text(5e-324) == "5e-324");
  CHECK(double_text(0.000001) == "0.000001");
  CHECK(double_text(0.0000001) == "1e-7");
  CHECK(double_text(0.00123456789) == "0.00123456789");
  CHECK(double_text(0.000123456789) == "1.23456789e-4");
  CHECK(double_text(1234.5678901) == "1234.5678901");
  CHECK(double_text(12345.6789012) == "1.23456789012e+4");
  CHECK(double_text(12345.678901) == "12345.678901");
  CHECK(double_text(611188.172851026) == "6.111881728510261e+5");
  CHECK(double_text(HUGE_VAL) == "inf");
  CHECK(double_text(-HUGE_VAL) == "-inf");
  CHECK(double_text(std::nan("")) == "nan");

  Random random(11);
  for (int i = 0; i < 10'000; ++i) {
    const double value =
        (random.unit() - 0.5) * std::pow(10, static_cast<double>(random.below(60)) - 30);
    REQUIRE(parse_double(double_text(value)) == value);
    REQUIRE(double_text(value).size() <= 25);
  }
}

TEST_CASE("a distance is written with four digits after the point") {
  const auto text = [](double value) {
    char out[kDoubleCharsMax];
    return std::string(out, format_double_4(out, value));
  };
  CHECK(text(0) == "0.0000");
  CHECK(text(0.00004) == "0.0000");
  CHECK(text(0.775) == "0.7750");
  CHECK(text(1) == "1.0000");
  CHECK(text(166274.15156) == "166274.1516");
  CHECK(text(-12.00005001) == "-12.0001");
  CHECK(text(99'999'999.5) == "99999999.5000");
  CHECK(text(std::nan("")) == "-922337203685477.5808");
}

TEST_CASE("a double is written with 17 significant digits, as printf does") {
  CHECK(text_of_17_digits(0) == "0");
  CHECK(text_of_17_digits(-0.0) == "-0");
  CHECK(text_of_17_digits(3) == "3");
  CHECK(text_of_17_digits(-100) == "-100");
  CHECK(text_of_17_digits(0.1) == "0.10000000000000001");
  CHECK(text_of_17_digits(1e15) == "1000000000000000");
  CHECK(text_of_17_digits(1e16) == "10000000000000000");
  CHECK(text_of_17_digits(1e17) == "1e+17");
  CHECK(text_of_17_digits(5e-324) == "4.9406564584124654e-324");
  CHECK(text_of_17_digits(HUGE_VAL) == "inf");
  CHECK(text_of_17_digits(-HUGE_VAL) == "-inf");
  CHECK(text_of_17_digits(std::nan("")) == "nan");

  Random random(2);
  for (int i = 0; i < 5000; ++i) {
    const double value =
        (random.unit() - 0.5) * std::pow(10, static_cast<double>(random.below(60)) - 30);
    char expected[64];
    std::snprintf(expected, sizeof expected, "%.17g", value);
    REQUIRE(text_of_17_digits(value) == expected);
  }
}

TEST_CASE("a long double is written for people, without trailing zeros") {
  CHECK(human_text(3.0L) == "3");
  CHECK(human_text(10.5L + 0.1L) == "10.6");
  CHECK(human_text(0.1L + 0.2L) == "0.3");
  CHECK(human_text(100) == "100");
  CHECK(human_text(-0.0L) == "0");
  CHECK(human_text(-1e-30L) == "0");
  CHECK(human_text(HUGE_VALL) == "inf");
  CHECK(human_text(std::numeric_limits<long double>::max()).size() == 4933);
}

TEST_CASE("memory sizes know the units of the configuration file") {
  CHECK(parse_memory("0") == 0u);
  CHECK(parse_memory("100") == 100u);
  CHECK(parse_memory("100b") == 100u);
  CHECK(parse_memory("1k") == 1000u);
  CHECK(parse_memory("1kb") == 1024u);
  CHECK(parse_memory("2M") == 2000000u);
  CHECK(parse_memory("2Mb") == 2097152u);
  CHECK(parse_memory("1g") == 1000000000u);
  CHECK(parse_memory("1GB") == 1073741824u);
  for (const char* bad :
       {"", "gb", "-1", "1tb", "1 gb", "1.5gb", "99999999999gb", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_memory(bad).has_value());
  }
}

TEST_CASE("checked arithmetic gives nothing where the result does not fit") {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  CHECK(checked_add(kMax - 1, 1) == kMax);
  CHECK_FALSE(checked_add(kMax, 1).has_value());
  CHECK(checked_sub(kMin + 1, 1) == kMin);
  CHECK_FALSE(checked_sub(0, kMin).has_value());
  CHECK(checked_mul(kMax, -1) == -kMax);
  CHECK_FALSE(checked_mul(kMin, -1).has_value());
}
