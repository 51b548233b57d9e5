// Reads numbers as C's atoll does, for texts that Redis reads so.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvstash {

// The number at the beginning of `text`: a sign and digits, whatever follows. 0: there is none, or
// it does not fit.
int64_t leading_number(std::string_view text);

}  // namespace kvstash
