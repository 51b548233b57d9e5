// WAIT, WAITAOF, ROLE: commands about copies of a client's writes. There are no copies: no replica
// follows this server, and no file is written.
//
// The rows are in replication_table.cc. The commands run on the connection's shard.
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
