// The rows of the commands about values and data outside of memory. They are constant and valid for
// ever.
#pragma once

#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::persist {

std::span<const engine::CommandSpec> persist_commands();

}  // namespace kvstash::persist
