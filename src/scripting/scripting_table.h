// The rows of EVAL, SCRIPT, FUNCTION, FCALL and their like. They are constant and valid for ever.
#pragma once

#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::scripting {

std::span<const engine::CommandSpec> scripting_commands();

}  // namespace kvstash::scripting
