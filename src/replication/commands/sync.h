// PSYNC, SYNC, REPLCONF: what replicas say to this node.
//
// The rows are in primary_table.cc. The commands run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::replication {

using engine::Call;

Status psync(Call& call);
Status sync(Call& call);
Status replconf(Call& call);

}  // namespace kvstash::replication
