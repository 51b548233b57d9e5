// COMMAND: descriptions of the server's commands, from the rows of the command table.
//
// `COMMAND INFO` and `COMMAND DOCS` reply field for field as Redis does, because client libraries
// and command lines parse the replies. The rows are in command_table.cc. The commands run on the
// connection's shard and touch no data.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// COMMAND without arguments: COMMAND INFO of all commands.
Status command(Call& call);

Status command_count(Call& call);
Status command_docs(Call& call);
Status command_getkeys(Call& call);
Status command_getkeysandflags(Call& call);
Status command_help(Call& call);
Status command_info(Call& call);
Status command_list(Call& call);

}  // namespace kvstash::commands
