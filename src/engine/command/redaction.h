// Redaction: the arguments of a command as the slow log and monitors may show them, with passwords
// as "(redacted)". Pure; any thread.
#pragma once

#include "engine/command/command_table.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

// Returns views into `argv`, and literals.
std::vector<std::string_view> redacted(const Command& command,
                                       std::span<const std::string_view> argv);

}  // namespace kvstash::engine
