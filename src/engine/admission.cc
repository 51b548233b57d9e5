#include "engine/admission.h"

namespace kvstash::engine {
namespace {

bool is_allowed(Allowed allowed, const Session& session) {
  return allowed == Allowed::kYes || (allowed == Allowed::kLocal && session.info.is_local);
}

}  // namespace

Status admit(const Session& session, const Command& command, const EngineOptions& options) {
  if (!session.is_authenticated && !command.has(kNoAuth)) return errors::no_auth();
  if (command.has(kProtected) && !is_allowed(options.enable_debug_command, session)) {
    return Error::literal(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
        "can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server.");
  }
  if (session.multi.is_active && command.has(kNoMulti))
    return Error::literal("ERR Command not allowed inside a transaction");
  return {};
}

bool is_paused(const Session& session, const Command& command, bool pauses_all) {
  static_cast<void>(session);
  if (pauses_all) return command.name != "client|unpause" && command.name != "client|pause";
  return command.has(kWrite) || command.has(kMayReplicate) || command.name == "exec";
}

}  // namespace kvstash::engine
