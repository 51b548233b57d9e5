// REPLICAOF, SLAVEOF, ROLE: commands about what this node is: a primary, or a replica of one.
//
// The rows are in role_table.cc.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::engine {
class Call;
}

namespace kvstash::replication {

using engine::Call;

Status replicaof(Call& call);
Status failover(engine::Call& call);
Status role(Call& call);

// The rows. They are constant and valid for ever.
std::span<const engine::CommandSpec> role_commands();

}  // namespace kvstash::replication
