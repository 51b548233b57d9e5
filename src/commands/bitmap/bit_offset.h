// The offset argument of SETBIT, GETBIT and BITFIELD: the index of a bit that a string of the
// largest size can have. Pure; any thread.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// `bytes_max` is the size of the largest string (proto-max-bulk-len).
Result<size_t> parse_bit_offset(std::string_view text, uint64_t bytes_max);

// Parses the offset of a field of `width` bits. "#3" means the field after the first three.
Result<size_t> parse_field_offset(std::string_view text, unsigned width, uint64_t bytes_max);

}  // namespace kvstash::commands
