// The timeout argument of blocking commands. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::commands {

using BlockTimeout = std::optional<int64_t>;  // Milliseconds; none: no timeout.

// Parses seconds with a fraction, as BLPOP and similar commands take them; 0 means no timeout. As
// in Redis, a timeout is refused if its end, counted from `now_ms`, would overflow.
Result<BlockTimeout> parse_block_seconds(std::string_view text, int64_t now_ms);
// Parses whole milliseconds, as XREAD's BLOCK, WAIT and CLIENT PAUSE take them.
Result<BlockTimeout> parse_block_milliseconds(std::string_view text, int64_t now_ms);

}  // namespace kvstash::commands
