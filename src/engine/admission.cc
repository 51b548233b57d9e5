#include "engine/admission.h"

namespace kvstash::engine {
namespace {

bool is_allowed(Allowed allowed, const Session& session) {
  return allowed == Allowed::kYes || (allowed == Allowed::kLocal && session.info.is_local);
}

}  // namespace

uint32_t flags_of(const Session& session, const Command& command) {
  return command.name == "exec" ? session.multi.queue.flags() : command.spec->flags;
}

Status admit(const Session& session, const Command& command, const EngineOptions& options) {
  if (!session.is_authenticated && !command.has(kNoAuth)) return errors::no_auth();
  if (command.has(kProtected) && !is_allowed(options.enable_debug_command, session)) {
    return Error::literal(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
        "you "
        "can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server.");
  }
  if (session.multi.is_active && command.has(kNoMulti))
    return Error::literal("ERR Command not allowed inside a transaction");
  if (session.is_monitor &&
      (flags_of(session, command) & (kWrite | kMayReplicate | kReadOnly)) != 0)
    return Error::literal("ERR Replica can't interact with the keyspace");
  return {};
}

bool is_paused(const Session& session, const Command& command, bool pauses_all) {
  if (session.is_monitor) return false;
  if (pauses_all) return command.name != "client|unpause" && command.name != "client|pause";
  return (flags_of(session, command) & (kWrite | kMayReplicate)) != 0;
}

}  // namespace kvstash::engine
