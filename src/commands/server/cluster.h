// CLUSTER, READONLY, READWRITE, ASKING: what clients of a cluster ask a node. This server is no
// node of one, and says so as Redis does.
//
// The rows are in cluster_table.cc. They run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status cluster_disabled(Call& call);

}  // namespace kvstash::commands
