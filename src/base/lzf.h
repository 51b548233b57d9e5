// LZF: the Lempel-Ziv compression of Redis's RDB files and of the inner nodes of its lists.
//
//   000LLLLL + L+1 bytes                     bytes as they are (1 .. 32)
//   LLLooooo oooooooo                        L+2 bytes (3 .. 8) again, from o+1 bytes back
//   111ooooo LLLLLLLL oooooooo               L+9 bytes (9 .. 264) again, from o+1 bytes back
//
// The same input always gives the same output. Compression keeps 32 KiB of tables on the stack;
// nothing allocates. Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace kvstash {

// The most bytes that a byte of compressed input can produce: a copy of 264 bytes takes three.
// Readers of bytes from outside check this before they allocate the size that the bytes promise.
inline constexpr size_t kLzfExpansionMax = 88;

// Returns the number of bytes written to `out`, or 0 if they do not fit there. A caller that wants
// the result only if it is smaller passes less room than the input has.
size_t lzf_compress(std::string_view input, std::span<char> out);

// Whether `input` decompresses to exactly the bytes of `out`. Never reads or writes outside either,
// whatever the input.
bool lzf_decompress(std::string_view input, std::span<char> out);

}  // namespace kvstash
