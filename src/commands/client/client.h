// CLIENT: a connection's own name, id and settings, and operations on all connections.
//
// The rows are in client_table.cc. The commands run on the connection's shard; those about other
// connections ask all shards.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// The caller's own connection.
Status client_getname(Call& call);
Status client_id(Call& call);
Status client_info(Call& call);
Status client_no_evict(Call& call);
Status client_no_touch(Call& call);
Status client_reply(Call& call);
Status client_setinfo(Call& call);
Status client_setname(Call& call);

// Client-side caching: whether and how the caller's connection is told about changes of keys it
// read.
Status client_caching(Call& call);
Status client_getredir(Call& call);
Status client_tracking(Call& call);
Status client_trackinginfo(Call& call);

// Operations on all connections.
Status client_kill(Call& call);
Status client_list(Call& call);
Status client_pause(Call& call);
Status client_unblock(Call& call);
Status client_unpause(Call& call);

Status client_help(Call& call);

}  // namespace kvstash::commands
