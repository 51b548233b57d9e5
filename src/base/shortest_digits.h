// ShortestDigits: a number as a few decimal digits that read back as the same number.
//
// This is Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with
// Integers", PLDI 2010), which Redis has used since 7.2. For about one number in 400 its digits are
// not the shortest, or not the nearest of the shortest; a better algorithm is not allowed, because
// clients must see the same digits as from Redis. Pure; any thread.
#pragma once

namespace kvstash {

// The number digits times 10^exponent.
struct ShortestDigits {
  static constexpr int kCountMax = 18;

  char digits[kCountMax];
  int count = 0;
  int exponent = 0;
};

// Returns the digits of `value`, which must be positive and finite.
ShortestDigits shortest_digits(double value);

}  // namespace kvstash
