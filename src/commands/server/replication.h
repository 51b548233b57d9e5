// WAIT, WAITAOF, ROLE: what clients ask about copies of their writes. There are none: no replica
// follows this server, and no file is written.
//
// The rows are in replication_table.cc. They run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status role(Call& call);
Status wait(Call& call);
Status waitaof(Call& call);

}  // namespace kvstash::commands
