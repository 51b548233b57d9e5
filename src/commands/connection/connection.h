// Connection commands: commands about the client's own connection. CLIENT is in client.h.
//
// Their rows are in connection_table.cc. The commands run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status auth(Call& call);
Status echo(Call& call);
Status hello(Call& call);
Status ping(Call& call);
Status quit(Call& call);
Status reset(Call& call);
Status select(Call& call);

}  // namespace kvstash::commands
