// FUNCTION: the libraries of functions that the server knows.
#pragma once

#include "base/result.h"
#include "engine/execution/call.h"

namespace kvstash::scripting {

using engine::Call;

Status function_delete(Call& call);
Status function_dump(Call& call);
Status function_flush(Call& call);
Status function_help(Call& call);
Status function_kill(Call& call);
Status function_list(Call& call);
Status function_load(Call& call);
Status function_restore(Call& call);
Status function_stats(Call& call);

}  // namespace kvstash::scripting
