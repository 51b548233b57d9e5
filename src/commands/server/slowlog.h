// SLOWLOG: the commands that took longest, as noted by each shard.
//
// The rows are in slowlog_table.cc. The commands run on the connection's shard and ask all shards.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status slowlog_get(Call& call);
Status slowlog_help(Call& call);
Status slowlog_len(Call& call);
Status slowlog_reset(Call& call);

}  // namespace kvstash::commands
