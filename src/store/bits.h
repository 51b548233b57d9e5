// Bits: byte strings read as arrays of bits. Bit 0 is the highest bit of the first byte, as in
// SETBIT and the other bitmap commands. The functions are pure, may run on any thread and allocate
// nothing.
//
// Long strings are processed in words of 64 bits, which need not be aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::store {

// The bits from `begin` to `end` - 1, both within the string.
struct BitRange {
  size_t begin;
  size_t end;
};

// Returns the number of ones.
size_t count_bits(std::string_view bytes);
size_t count_bits(std::string_view bytes, BitRange range);

// Returns the position of the first bit that equals `value`, counted from the start of `bytes`.
std::optional<size_t> find_bit(std::string_view bytes, bool value);
std::optional<size_t> find_bit(std::string_view bytes, BitRange range, bool value);

// A bit that is read past the end of `bytes` is 0; a bit to be set must lie within `bytes`.
bool bit_at(std::string_view bytes, size_t position);
void set_bit(std::span<char> bytes, size_t position, bool value);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

// Combines the sources bit by bit into `out`, which is as long as the longest source; shorter
// sources count as if zeros followed. There must be at least one source, and exactly one for kNot.
// `out` must not overlap a source.
void combine_bits(BitOperation operation, std::span<const std::string_view> sources,
                  std::span<char> out);

}  // namespace kvstash::store
