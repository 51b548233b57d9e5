// Help: the reply that every HELP subcommand gives, in the form that Redis gives it.
//
// HELP runs on the connection's shard, and touches nothing but its own reply.
#pragma once

#include "base/result.h"

#include <span>
#include <string_view>

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

// Writes an array of status replies: a line that names the container, `lines`, and HELP's own two
// lines. `lines` has, for each subcommand, its name and arguments, and beneath, indented by four
// blanks, what it does.
Status reply_help(engine::Call& call, std::span<const std::string_view> lines);

// The error "unknown subcommand or wrong number of arguments for '...'. Try ... HELP.", for
// subcommands whose number of arguments depends on the arguments.
Error subcommand_syntax(const engine::Call& call);

}  // namespace kvstash::commands
