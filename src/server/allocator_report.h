// The allocator's own words: its statistics, and its settings by name (MEMORY MALLOC-STATS, DEBUG
// MALLCTL). Any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kvstash::server {

// As long as the allocator likes; a sentence where it has none.
std::string allocator_report();

// Reads a number, after setting it if `value` is given. The error is the system's reason.
Result<int64_t> allocator_number(const std::string& name, std::optional<int64_t> value);

// The same for a text.
Result<std::string> allocator_text(const std::string& name,
                                   const std::optional<std::string>& value);

}  // namespace kvstash::server
