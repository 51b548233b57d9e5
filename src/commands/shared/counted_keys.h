// Counted keys: arguments of the form "numkeys key [key ...] ...", read by the commands that have
// them and by the extraction of their keys.
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

// How many keys there are, at least 1, behind `args[0]`, which says so; at least `behind` arguments
// follow the last of them. `args` has that many besides. Errors: what is said is no such number, or
// `too_many`.
Result<size_t> count_keys(std::span<const std::string_view> args, size_t behind, Error too_many);

// Appends as many keys as the command's own parser has counted, from argument `first` on.
engine::KeysFound append_counted(const Result<size_t>& count, size_t first, uint32_t flags,
                                 std::vector<engine::KeyAt>& keys, size_t step = 1);

}  // namespace kvstash::commands
