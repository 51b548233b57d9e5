// Bits: byte strings read as arrays of bits. Bit 0 is the highest bit of the first byte, as SETBIT
// and its family count. Pure; any thread; nothing allocates.
//
// Long strings are worked through in words of 64 bits, at whatever address they begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::store {

// Bits begin .. end - 1, both within the string.
struct BitRange {
  size_t begin;
  size_t end;
};

// Number of ones.
size_t count_bits(std::string_view bytes);
size_t count_bits(std::string_view bytes, BitRange range);

// Position of the first bit of that value, counted from the start of `bytes`.
std::optional<size_t> find_bit(std::string_view bytes, bool value);
std::optional<size_t> find_bit(std::string_view bytes, BitRange range, bool value);

// A bit past the end is 0; one to be set must be within.
bool bit_at(std::string_view bytes, size_t position);
void set_bit(std::span<char> bytes, size_t position, bool value);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

// Combines the sources bit by bit into `out`, which is as long as the longest of them; the shorter
// ones count as followed by zeros. At least one source; exactly one for kNot. `out` overlaps none.
void combine_bits(BitOperation operation, std::span<const std::string_view> sources,
                  std::span<char> out);

}  // namespace kvstash::store
