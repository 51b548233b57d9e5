// SCRIPT FLUSH and FUNCTION FLUSH: whether what they throw away is freed before they answer.
#pragma once

#include "base/result.h"
#include "engine/execution/call.h"
#include "scripting/scripting.h"

namespace kvstash::scripting {

enum class FlushMode : uint8_t { kSync, kAsync };

// Of "SCRIPT FLUSH [ASYNC | SYNC]"; `otherwise` is the error for anything else.
Result<FlushMode> parse_flush_mode(engine::Call& call, Error otherwise);

// Frees the garbage here, or on the reaper's thread.
void drop(engine::Call& call, FlushMode mode, Scripting::Garbage garbage);

}  // namespace kvstash::scripting
