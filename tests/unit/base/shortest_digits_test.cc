#include "base/shortest_digits.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace kvstash {
namespace {

std::string text_of(double value) {
  const ShortestDigits decimal = shortest_digits(value);
  return std::string(decimal.digits, static_cast<size_t>(decimal.count)) + "e" +
         std::to_string(decimal.exponent);
}

}  // namespace

TEST_CASE("simple numbers have the digits they were written with") {
  CHECK(text_of(1) == "1e0");
  CHECK(text_of(0.1) == "1e-1");
  CHECK(text_of(1.5) == "15e-1");
  CHECK(text_of(123456) == "123456e0");
  CHECK(text_of(1e21) == "1e21");
  CHECK(text_of(0.1 + 0.2) == "30000000000000004e-17");
  CHECK(text_of(std::numeric_limits<double>::max()) == "17976931348623157e292");
  CHECK(text_of(std::numeric_limits<double>::min()) == "22250738585072014e-324");
  CHECK(text_of(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("where Redis prints more digits than are needed, or others, so do we") {
  CHECK(text_of(1e23) == "9999999999999999e7");
  CHECK(text_of(252.21387) == "25221386999999999e-14");
  CHECK(text_of(859858360861168.8) == "8598583608611687e-1");
  CHECK(text_of(144809792185985.12) == "14480979218598513e-2");
  CHECK(text_of(7.352087514813399e-09) == "73520875148133986e-25");
}

TEST_CASE("the digits of any number read back as it") {
  Random random(12);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<double>(random.next() & ~(uint64_t{1} << 63));
    if (value == 0 || !std::isfinite(value)) continue;
    REQUIRE(std::strtod(text_of(value).c_str(), nullptr) == value);
    REQUIRE(shortest_digits(value).count <= 17);
  }
  for (int exponent = -1074; exponent < 1024; ++exponent) {
    const double power = std::ldexp(1.0, exponent);
    REQUIRE(std::strtod(text_of(power).c_str(), nullptr) == power);
  }
}

}  // namespace kvstash
