// ShortestDigits: a number as the few decimal digits that read back as it.
//
// This is Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with
// Integers", PLDI 2010), which Redis has used since 7.2. Its digits always read back as the number.
// For about one number in 400 they are not the shortest, or not the nearest of the shortest: what
// clients see must be the same digits as there, so nothing better will do. Pure; any thread.
#pragma once

namespace kvstash {

// digits times 10^exponent.
struct ShortestDigits {
  static constexpr int kCountMax = 18;

  char digits[kCountMax];
  int count = 0;
  int exponent = 0;
};

// `value` must be positive and finite.
ShortestDigits shortest_digits(double value);

}  // namespace kvstash
