// Transaction commands: how a connection enters and leaves a transaction. The engine runs EXEC and
// queues the commands before it.
//
// Their rows are in transaction_table.cc. The commands run on the connection's shard; WATCH asks
// the shards of its keys for their versions.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status multi(Call& call);
Status exec(Call& call);
Status discard(Call& call);
Status watch(Call& call);
Status unwatch(Call& call);

}  // namespace kvstash::commands
