// The timeout argument of blocking commands. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::commands {

using BlockDeadline = std::optional<int64_t>;  // Milliseconds since 1970; none: for ever.

// Seconds with a fraction, as BLPOP and its family take them; zero is for ever.
Result<BlockDeadline> parse_block_seconds(std::string_view text, int64_t now_ms);
// Whole milliseconds, as XREAD's BLOCK takes them.
Result<BlockDeadline> parse_block_milliseconds(std::string_view text, int64_t now_ms);

}  // namespace kvstash::commands
