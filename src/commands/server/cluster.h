// CLUSTER, READONLY, READWRITE, ASKING: commands of clients of a cluster. This server is not a node
// of a cluster, and replies so as Redis does.
//
// The rows are in cluster_table.cc. The commands run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status cluster_disabled(Call& call);

}  // namespace kvstash::commands
