// DUMP and RESTORE: one value as bytes, for a client that carries it to another server.
#pragma once

#include "engine/execution/call.h"

namespace kvstash::persist {

Status dump(engine::Call& call);
// Serves RESTORE-ASKING as well, which differs only in its row.
Status restore(engine::Call& call);

}  // namespace kvstash::persist
