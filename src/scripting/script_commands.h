// SCRIPT: commands about the scripts that the server knows.
#pragma once

#include "base/result.h"
#include "engine/execution/call.h"

namespace kvstash::scripting {

using engine::Call;

Status script_debug(Call& call);
Status script_exists(Call& call);
Status script_flush(Call& call);
Status script_help(Call& call);
Status script_kill(Call& call);
Status script_load(Call& call);

}  // namespace kvstash::scripting
