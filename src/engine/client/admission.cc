#include "engine/client/admission.h"

#include "engine/server_port.h"
#include "engine/shard.h"

namespace kvstash::engine {
namespace {

// Whatever its arguments. EXEC does what its queue does.
uint32_t row_flags_of(const Session& session, const Command& command) {
  return command.name == "exec" ? session.multi.queue.flags() : command.spec->flags;
}

bool is_allowed(Allowed allowed, const Session& session) {
  return allowed == Allowed::kYes || (allowed == Allowed::kLocal && session.info.is_local);
}

// Protected commands are DEBUG and those of MODULE that would load something; each of the two has
// an option of its own.
Status admit_protected(const Session& session, const Command& command,
                       const EngineOptions& options) {
  const bool is_module = command.name.starts_with("module|");
  if (is_allowed(is_module ? options.enable_module_command : options.enable_debug_command, session))
    return {};
  const std::string word = is_module ? "MODULE" : "DEBUG";
  const std::string option = is_module ? "enable-module-command" : "enable-debug-command";
  return Error::text(
      "ERR " + word + " command not allowed. If the " + option +
      " option is set to \"local\", you can run it from a local connection, otherwise you need to "
      "set this option in the configuration file, and then restart the server." +
      (is_module ? " kvstash loads no modules." : ""));
}

}  // namespace

uint32_t flags_of(const Session& session, const Command& command,
                  std::span<const std::string_view> args, Shard& home) {
  const uint32_t flags = row_flags_of(session, command);
  const FindFlags find = command.spec->find_flags;
  return find == nullptr ? flags : find(flags, args, home);
}

Status admit(const Session& session, const Command& command, const EngineOptions& options) {
  if (command.has(kProtected)) {
    if (Status allowed = admit_protected(session, command, options); !allowed.ok()) return allowed;
  }
  if (!session.is_authenticated && !command.has(kNoAuth)) return errors::no_auth();
  if (session.is_subscriber() && session.caller.resp == resp::RespVersion::k2 &&
      !command.has(kSubscribers)) {
    return Error::text("ERR Can't execute '" + command.name +
                       "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                       "allowed in this context");
  }
  if (session.multi.is_active && command.has(kNoMulti))
    return Error::literal("ERR Command not allowed inside a transaction");
  if (session.is_monitor &&
      (row_flags_of(session, command) & (kWrite | kMayReplicate | kReadOnly)) != 0)
    return Error::literal("ERR Replica can't interact with the keyspace");
  return {};
}

std::optional<AclDenial> deny(const Session& session, const Command& command,
                              std::span<const std::string_view> args, Shard& shard) {
  const AclUser* user = session.caller.user;
  if (user == nullptr || user->is_unlimited()) [[likely]]
    return std::nullopt;
  std::optional<AclDenial> denial = user->check(command, args);
  if (denial) note_denial(session, *denial, user->name, shard);
  return denial;
}

void note_denial(const Session& session, const AclDenial& denial, std::string_view user,
                 Shard& shard) {
  const int64_t now_ms = shard.now_ms();
  shard.set().acl().log().add(
      {.reason = denial.reason,
       .context = session.multi.is_active ? AclContextKind::kMulti : AclContextKind::kTopLevel,
       .object = denial.object,
       .user = std::string(user),
       .client = shard.set().server().describe(session, now_ms),
       .created_ms = now_ms,
       .updated_ms = now_ms},
      static_cast<size_t>(shard.options().acllog_max_len));
}

bool is_paused(const Session& session, const Command& command, uint32_t flags, bool pauses_all) {
  if (session.is_monitor) return false;
  if (pauses_all) return command.name != "client|unpause" && command.name != "client|pause";
  return (flags & (kWrite | kMayReplicate)) != 0;
}

}  // namespace kvstash::engine
