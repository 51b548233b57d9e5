// Admission: the gates between a parsed command and its execution, all in one place, in Redis's
// order: authentication, protected commands, what MULTI forbids, access control lists. (The slot
// router, replica and loading states join here.)
//
// Runs on the connection's shard. An Error is the reply.
#pragma once

#include "base/result.h"
#include "engine/client/session.h"
#include "engine/command/command_table.h"

#include <optional>
#include <span>
#include <string_view>

namespace kvstash::engine {

class Shard;

Status admit(const Session& session, const Command& command, const EngineOptions& options);

// The gate of access control: why the connection's user may not do this, and notes it in the log.
std::optional<AclDenial> deny(const Session& session, const Command& command,
                              std::span<const std::string_view> args, Shard& shard);
// Notes in the log what was denied to `user`, or that this user could not log in.
void note_denial(const Session& session, const AclDenial& denial, std::string_view user,
                 Shard& shard);

// What the request does to data: its CommandFlags. EXEC does what its queue does.
uint32_t flags_of(const Session& session, const Command& command,
                  std::span<const std::string_view> args, Shard& home);

// Whether CLIENT PAUSE, of all or of writes, holds back a command with these flags.
bool is_paused(const Session& session, const Command& command, uint32_t flags, bool pauses_all);

}  // namespace kvstash::engine
