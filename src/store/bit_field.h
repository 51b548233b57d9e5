// Bit fields: integers of 1 to 64 bits anywhere in a byte string, as BITFIELD reads and writes
// them: the first bit of the field is its highest. Pure; any thread; nothing allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::store {

inline constexpr unsigned kSignedFieldBitsMax = 64;
inline constexpr unsigned kUnsignedFieldBitsMax = 63;  // So that every value is an int64_t.

struct FieldType {
  bool is_signed = false;
  unsigned width = 1;  // Bits.
};

// The field at bit `offset`. Bits past the end of `bytes` are zero.
int64_t read_field(std::string_view bytes, size_t offset, FieldType type);

// Stores the low bits of `value`. The field lies within `bytes`.
void write_field(std::span<char> bytes, size_t offset, FieldType type, int64_t value);

// What becomes of a number that does not fit.
enum class Overflow : uint8_t {
  kWrap,      // Modulo 2^width.
  kSaturate,  // The nearest number that fits.
  kFail,      // The caller does nothing; the value is as for kWrap.
};

struct FittedNumber {
  int64_t value;
  bool overflowed;
};

// `value + increment` as `type` can hold it. For unsigned types `value` is taken as a uint64_t.
FittedNumber fit_sum(FieldType type, Overflow overflow, int64_t value, int64_t increment);

}  // namespace kvstash::store
