// DUMP and RESTORE: one value as bytes, for a client that carries it to another server.
#pragma once

#include "engine/execution/call.h"

namespace kvstash::persist {

// The entry's value as DUMP gives it. Error: a reply, which says why the version of the RDB that
// was chosen cannot hold the value.
Result<std::string> payload_of(const engine::EngineOptions& options, const store::Entry& entry);

Status dump(engine::Call& call);
// Serves RESTORE-ASKING as well, which differs only in its row.
Status restore(engine::Call& call);

}  // namespace kvstash::persist
