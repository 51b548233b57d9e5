// What the allocator reports: its statistics, and its settings by name (MEMORY MALLOC-STATS, DEBUG
// MALLCTL). Any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kvstash::server {

// The allocator's statistics as text of any length; one sentence if this allocator has none.
std::string allocator_report();

// Returns a number among the settings, after setting it if `value` is given. The error is the
// system's reason.
Result<int64_t> allocator_number(const std::string& name, std::optional<int64_t> value);

// Returns a text among the settings, after setting it if `value` is given. The error is the
// system's reason.
Result<std::string> allocator_text(const std::string& name,
                                   const std::optional<std::string>& value);

}  // namespace kvstash::server
