// Server commands: commands about the whole server that need only the shards. Commands that need
// the server's configuration are in server/server_commands.h.
//
// Their rows are in server_table.cc.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// Commands about all keys. The first asks every shard, the others hold every shard.
Status dbsize(Call& call);
Status flushall(Call& call);
Status flushdb(Call& call);
Status swapdb(Call& call);

// Commands that touch no data and run on the connection's shard.
Status time(Call& call);
Status lolwut(Call& call);
Status module_help(Call& call);
Status module_list(Call& call);
Status module_load(Call& call);  // MODULE LOADEX as well.
Status module_unload(Call& call);
Status monitor(Call& call);

}  // namespace kvstash::commands
