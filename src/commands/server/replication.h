// WAIT, WAITAOF: commands about copies of a client's writes, on this node's disk and at replicas.
//
// The rows are in replication_table.cc. The commands run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status wait(Call& call);
Status waitaof(Call& call);

}  // namespace kvstash::commands
