// COMMAND: what the server's commands are, from the rows of the command table.
//
// `COMMAND INFO` and `COMMAND DOCS` answer field for field as Redis does, because client libraries
// and command lines parse them. The rows are in command_table.cc. They run on the connection's
// shard and touch no data.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// COMMAND alone: COMMAND INFO of everything.
Status command(Call& call);

Status command_count(Call& call);
Status command_docs(Call& call);
Status command_getkeys(Call& call);
Status command_getkeysandflags(Call& call);
Status command_help(Call& call);
Status command_info(Call& call);
Status command_list(Call& call);

}  // namespace kvstash::commands
