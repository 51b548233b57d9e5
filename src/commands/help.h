// Help: the reply that every HELP subcommand gives, in the form that Redis gives it.
//
// Pure: writes to the call's reply and touches nothing else.
#pragma once

#include "base/result.h"

#include <span>
#include <string_view>

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

// An array of status replies: a line that names the container, `lines` (what a subcommand is called
// and takes; beneath it, indented by four blanks, what it does), and HELP's own two lines.
Status reply_help(engine::Call& call, std::span<const std::string_view> lines);

}  // namespace kvstash::commands
