// The rows of the commands that replicas send to this node. They are constant and valid for ever.
#pragma once

#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::replication {

std::span<const engine::CommandSpec> primary_commands();

}  // namespace kvstash::replication
