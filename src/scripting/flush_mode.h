// The modes of SCRIPT FLUSH and FUNCTION FLUSH: whether garbage is freed before the reply.
#pragma once

#include "base/result.h"
#include "engine/execution/call.h"
#include "scripting/scripting.h"

namespace kvstash::scripting {

enum class FlushMode : uint8_t { kSync, kAsync };

// Parses the mode of "SCRIPT FLUSH [ASYNC | SYNC]"; `otherwise` is the error for other arguments.
Result<FlushMode> parse_flush_mode(engine::Call& call, Error otherwise);

// Frees the garbage on this thread, or on the reaper's thread, depending on the mode.
void drop(engine::Call& call, FlushMode mode, Scripting::Garbage garbage);

}  // namespace kvstash::scripting
