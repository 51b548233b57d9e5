// The timeout argument of blocking commands. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::commands {

using BlockTimeout = std::optional<int64_t>;  // Milliseconds; none: for ever.

// Seconds with a fraction, as BLPOP and its family take them; zero is for ever. `now_ms`: a timeout
// that would end after the last time there is, is refused as Redis does.
Result<BlockTimeout> parse_block_seconds(std::string_view text, int64_t now_ms);
// Whole milliseconds, as XREAD's BLOCK, WAIT and CLIENT PAUSE take them.
Result<BlockTimeout> parse_block_milliseconds(std::string_view text, int64_t now_ms);

}  // namespace kvstash::commands
