// The offset argument of SETBIT, GETBIT and BITFIELD: a bit that a string of the largest size may
// have. Pure; any thread.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// `bytes_max`: the largest string (proto-max-bulk-len).
Result<size_t> parse_bit_offset(std::string_view text, uint64_t bytes_max);

// The same for fields of `width` bits: "#3" stands for the field after the first three.
Result<size_t> parse_field_offset(std::string_view text, unsigned width, uint64_t bytes_max);

}  // namespace kvstash::commands
