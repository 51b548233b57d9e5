// Counted keys: arguments of the form "numkeys key [key ...] ...". The commands that have them use
// this, and so does the extraction of their keys.
//
// Pure; any thread.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::commands {

// Returns the number of keys, which `args[0]` says and which is at least 1. `args` must have more
// than `behind` elements. Error: `args[0]` is no positive number. Error `too_many`: fewer than
// `behind` arguments would follow the keys.
Result<size_t> count_keys(std::span<const std::string_view> args, size_t behind, Error too_many);

// Appends as many keys as the command's own parser has counted, beginning with argument `first`.
engine::KeysFound append_counted(const Result<size_t>& count, size_t first, uint32_t flags,
                                 std::vector<engine::KeyAt>& keys, size_t step = 1);

}  // namespace kvstash::commands
