// Bit fields: integers of 1 to 64 bits anywhere in a byte string, as BITFIELD reads and writes
// them: the first bit of a field is its most significant one. The functions are pure, may run on
// any thread and allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::store {

inline constexpr unsigned kSignedFieldBitsMax = 64;
inline constexpr unsigned kUnsignedFieldBitsMax = 63;  // Makes every value an int64_t.

struct FieldType {
  bool is_signed = false;
  unsigned width = 1;  // Bits.
};

// Returns the field at bit `offset`. Bits past the end of `bytes` are zero.
int64_t read_field(std::string_view bytes, size_t offset, FieldType type);

// Stores the low bits of `value`. The field must lie within `bytes`.
void write_field(std::span<char> bytes, size_t offset, FieldType type, int64_t value);

// What a number that does not fit into the field is replaced by.
enum class Overflow : uint8_t {
  kWrap,      // Modulo 2^width.
  kSaturate,  // The nearest number that fits.
  kFail,      // The caller stores nothing; the number is as for kWrap.
};

struct FittedNumber {
  int64_t value;
  bool overflowed;
};

// Returns `value + increment` fitted to the type. For unsigned types `value` is taken as a
// uint64_t.
FittedNumber fit_sum(FieldType type, Overflow overflow, int64_t value, int64_t increment);

}  // namespace kvstash::store
