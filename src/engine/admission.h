// Admission: the gates between a parsed command and its execution, all in one place, in Redis's
// order: authentication, protected commands, what MULTI forbids. (Access control lists, the slot
// router, replica and loading states join here.)
//
// Runs on the connection's shard. An Error is the reply.
#pragma once

#include "base/result.h"
#include "engine/command_table.h"
#include "engine/session.h"

namespace kvstash::engine {

Status admit(const Session& session, const Command& command, const EngineOptions& options);

// What the command does to data: its CommandFlags. EXEC does what its queue does.
uint32_t flags_of(const Session& session, const Command& command);

// Whether CLIENT PAUSE holds this command back.
bool is_paused(const Session& session, const Command& command, bool pauses_all);

}  // namespace kvstash::engine
