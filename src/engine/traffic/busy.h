// BusyWith: what keeps a shard from running commands: a script or a function that has run for
// longer than busy-reply-threshold. See busy_turns.h.
#pragma once

#include <cstdint>

namespace kvstash::engine {

enum class BusyWith : uint8_t { kNothing, kScript, kFunction };

}  // namespace kvstash::engine
