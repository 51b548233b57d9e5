#include "base/shortest_digits.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace kvstash {
namespace {

// The number fraction times 2^exponent.
struct Float {
  uint64_t fraction;
  int exponent;
};

constexpr int kFractionBits = 52;  // Bits that a double stores; normal numbers have one more.
constexpr uint64_t kHiddenBit = uint64_t{1} << kFractionBits;
constexpr int kExponentBias = 1023 + kFractionBits;

// The powers of ten from 10^-348 in steps of 10^8: their 64 leading bits, rounded.
constexpr int kPowerFirst = -348;
constexpr int kPowerStep = 8;
constexpr uint64_t kPowers[] = {
    0xfa8fd5a0081c0288, 0xbaaee17fa23ebf76, 0x8b16fb203055ac76, 0xcf42894a5dce35ea,
    0x9a6bb0aa55653b2d, 0xe61acf033d1a45df, 0xab70fe17c79ac6ca, 0xff77b1fcbebcdc4f,
    0xbe5691ef416bd60c, 0x8dd01fad907ffc3c, 0xd3515c2831559a83, 0x9d71ac8fada6c9b5,
    0xea9c227723ee8bcb, 0xaecc49914078536d, 0x823c12795db6ce57, 0xc21094364dfb5637,
    0x9096ea6f3848984f, 0xd77485cb25823ac7, 0xa086cfcd97bf97f4, 0xef340a98172aace5,
    0xb23867fb2a35b28e, 0x84c8d4dfd2c63f3b, 0xc5dd44271ad3cdba, 0x936b9fcebb25c996,
    0xdbac6c247d62a584, 0xa3ab66580d5fdaf6, 0xf3e2f893dec3f126, 0xb5b5ada8aaff80b8,
    0x87625f056c7c4a8b, 0xc9bcff6034c13053, 0x964e858c91ba2655, 0xdff9772470297ebd,
    0xa6dfbd9fb8e5b88f, 0xf8a95fcf88747d94, 0xb94470938fa89bcf, 0x8a08f0f8bf0f156b,
    0xcdb02555653131b6, 0x993fe2c6d07b7fac, 0xe45c10c42a2b3b06, 0xaa242499697392d3,
    0xfd87b5f28300ca0e, 0xbce5086492111aeb, 0x8cbccc096f5088cc, 0xd1b71758e219652c,
    0x9c40000000000000, 0xe8d4a51000000000, 0xad78ebc5ac620000, 0x813f3978f8940984,
    0xc097ce7bc90715b3, 0x8f7e32ce7bea5c70, 0xd5d238a4abe98068, 0x9f4f2726179a2245,
    0xed63a231d4c4fb27, 0xb0de65388cc8ada8, 0x83c7088e1aab65db, 0xc45d1df942711d9a,
    0x924d692ca61be758, 0xda01ee641a708dea, 0xa26da3999aef774a, 0xf209787bb47d6b85,
    0xb454e4a179dd1877, 0x865b86925b9bc5c2, 0xc83553c5c8965d3d, 0x952ab45cfa97a0b3,
    0xde469fbd99a05fe3, 0xa59bc234db398c25, 0xf6c69a72a3989f5c, 0xb7dcbf5354e9bece,
    0x88fcf317f22241e2, 0xcc20ce9bd35c78a5, 0x98165af37b2153df, 0xe2a0b5dc971f303a,
    0xa8d9d1535ce3b396, 0xfb9b7cd9a4a7443c, 0xbb764c4ca7a44410, 0x8bab8eefb6409c1a,
    0xd01fef10a657842c, 0x9b10a4e5e9913129, 0xe7109bfba19c0c9d, 0xac2820d9623bf429,
    0x80444b5e7aa7cf85, 0xbf21e44003acdd2d, 0x8e679c2f5e44ff8f, 0xd433179d9c8cb841,
    0x9e19db92b4e31ba9, 0xeb96bf6ebadf77d9, 0xaf87023b9bf0ee6b,
};

constexpr uint32_t kTens[] = {
    1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000,
};

// floor(log2(10^power)) - 63: the exponent of a power whose fraction has 64 bits.
constexpr int exponent_of_power(int power) {
  return ((power * 217706) >> 16) - 63;
}

// A number is multiplied by a power so that its exponent comes into this range; its integer part
// then has 32 bits at most.
constexpr int kExponentMin = -60;
constexpr int kExponentMax = -32;

Float parts_of(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t fraction = bits & (kHiddenBit - 1);
  const auto exponent = static_cast<int>(bits >> kFractionBits);
  if (exponent == 0) return {fraction, 1 - kExponentBias};
  return {fraction | kHiddenBit, exponent - kExponentBias};
}

Float normalized(Float number) {
  const int shift = std::countl_zero(number.fraction);
  return {number.fraction << shift, number.exponent - shift};
}

// The product, with its fraction rounded to 64 bits.
Float product(const Float& a, const Float& b) {
  using Wide = unsigned __int128;
  const Wide exact = Wide{a.fraction} * b.fraction + (Wide{1} << 63);
  return {static_cast<uint64_t>(exact >> 64), a.exponent + b.exponent + 64};
}

struct Power {
  Float number;
  int power;
};

// Returns a power of ten that brings a number with this exponent into the range. If two do, it is
// the one that the search from the approximation meets first.
Power power_for(int exponent) {
  constexpr double kLog10Of2 = 0.30102999566398114;
  const auto approximate =
      static_cast<int>(-(exponent + static_cast<int>(std::size(kPowers))) * kLog10Of2);
  for (int index = (approximate - kPowerFirst) / kPowerStep;;) {
    ensure(index >= 0 && index < static_cast<int>(std::size(kPowers)));
    const int power = kPowerFirst + index * kPowerStep;
    const Float number = {kPowers[index], exponent_of_power(power)};
    const int brought_to = exponent + number.exponent + 64;
    if (brought_to < kExponentMin) {
      ++index;
    } else if (brought_to > kExponentMax) {
      --index;
    } else {
      return {number, power};
    }
  }
}

// The numbers above `low` and up to `high` read back as the value, which is `target`. All three
// have the same exponent.
struct Interval {
  uint64_t high;
  uint64_t target;
  uint64_t low;
  int exponent;
};

Interval interval_of(const Float& value, Power& scale) {
  const Float high = normalized({(value.fraction << 1) + 1, value.exponent - 1});
  // Below a power of two, numbers are twice as dense.
  const bool is_power_of_two = value.fraction == kHiddenBit;
  Float low = is_power_of_two ? Float{(value.fraction << 2) - 1, value.exponent - 2}
                              : Float{(value.fraction << 1) - 1, value.exponent - 1};
  low = {low.fraction << (low.exponent - high.exponent), high.exponent};

  scale = power_for(high.exponent);
  const Float scaled_high = product(high, scale.number);
  // The products may be off by one; the interval without its ends is safe.
  return {.high = scaled_high.fraction - 1,
          .target = product(normalized(value), scale.number).fraction,
          .low = product(low, scale.number).fraction + 1,
          .exponent = scaled_high.exponent};
}

// Lowers the last digit while that brings the number nearer to the target and keeps it in the
// interval. `number`, `target` and `width` are the distances from `high` to the number, to the
// target and to the interval's other end.
void round_down(ShortestDigits& decimal, uint64_t number, uint64_t target, uint64_t width,
                uint64_t digit_unit) {
  while (number < target && width - number >= digit_unit &&
         (number + digit_unit < target || target - number > number + digit_unit - target)) {
    --decimal.digits[decimal.count - 1];
    number += digit_unit;
  }
}

void add_digit(ShortestDigits& decimal, uint64_t digit) {
  ensure(decimal.count < ShortestDigits::kCountMax);
  decimal.digits[decimal.count++] = static_cast<char>('0' + digit);
}

// Takes digits of the upper end until the rest lies within the interval.
void generate(const Interval& interval, ShortestDigits& decimal) {
  const int point = -interval.exponent;
  const uint64_t one = uint64_t{1} << point;
  uint64_t target = interval.high - interval.target;
  uint64_t width = interval.high - interval.low;
  auto whole = static_cast<uint32_t>(interval.high >> point);
  uint64_t behind_point = interval.high & (one - 1);

  int left = static_cast<int>(digit_count(whole));
  for (uint32_t unit = kTens[left - 1]; left > 0; unit /= 10) {
    add_digit(decimal, whole / unit);
    whole %= unit;
    --left;
    const uint64_t rest = (uint64_t{whole} << point) + behind_point;
    if (rest <= width) {
      decimal.exponent += left;
      return round_down(decimal, rest, target, width, uint64_t{unit} << point);
    }
  }
  for (;;) {
    behind_point *= 10;
    width *= 10;
    target *= 10;
    add_digit(decimal, behind_point >> point);
    behind_point &= one - 1;
    --left;
    if (behind_point < width) {
      decimal.exponent += left;
      return round_down(decimal, behind_point, target, width, one);
    }
  }
}

}  // namespace

ShortestDigits shortest_digits(double value) {
  ensure(value > 0 && std::isfinite(value));
  Power scale{};
  const Interval interval = interval_of(parts_of(value), scale);
  ShortestDigits decimal;
  decimal.exponent = -scale.power;
  generate(interval, decimal);
  return decimal;
}

}  // namespace kvstash
