#include "engine/client/gates.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/role_errors.h"
#include "engine/server_port.h"
#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

// A warning about HTTP is logged at most once in this time, so that an attacker cannot fill the
// log.
constexpr int64_t kHttpLogPeriodMs = 60'000;

// The command's flags whatever its arguments are. EXEC has the flags of its queue.
uint32_t row_flags_of(const Session& session, const Command& command) {
  return command.name == "exec" ? session.multi.queue.flags() : command.spec->flags;
}

// Whether the command itself writes. Scripts run, and are refused the writes in them.
bool is_write(const Session& session, const Command& command) {
  const uint32_t flags =
      is_queued(session, command) ? command.spec->flags : row_flags_of(session, command);
  return (flags & kWrite) != 0;
}

bool is_allowed(Allowed allowed, const Session& session) {
  return allowed == Allowed::kYes || (allowed == Allowed::kLocal && session.info.is_local);
}

// Protected commands are DEBUG and the commands of MODULE that would load something; each of the
// two groups has an option of its own.
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

// Whether admit() would look at anything: most commands of most sessions are admitted.
bool needs_admission(const Session& session, const Command& command) {
  return !session.is_authenticated || session.is_monitor || session.multi.is_active ||
         session.is_subscriber() || session.source != nullptr || command.has(kProtected);
}

// Whether a command with these flags may cause pushes to clients of other shards: by publications
// and changes of keys.
bool makes_pushes(uint32_t flags) {
  return (flags & (kWrite | kMayReplicate)) != 0;
}

// Whether all commands of a transaction may run on a replica whose data is old.
bool runs_when_stale(const CommandQueue& queue) {
  return std::ranges::all_of(
      queue.commands(), [](const QueuedCommand& queued) { return queued.command->has(kStale); });
}

// The gate of the role: a replica is not written to, or too old to be read.
Status admit_to_replica(const Session& session, const Request& request, Shard& shard) {
  const Role& role = shard.set().role();
  const Command& command = *request.command;
  const uint32_t flags = flags_of(session, command, request.args, shard);
  if (role.is_read_only() && (flags & kWrite) != 0) return errors::read_only_replica();
  if (!role.is_stale()) return {};
  const bool runs =
      command.name == "exec" ? runs_when_stale(session.multi.queue) : (flags & kStale) != 0;
  return runs ? Status() : Status(errors::stale_replica());
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
  if ((session.is_monitor || session.is_replica()) &&
      (row_flags_of(session, command) & (kWrite | kMayReplicate | kReadOnly)) != 0)
    return Error::literal("ERR Replica can't interact with the keyspace");
  return {};
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
  if (session.is_monitor || session.is_replica()) return false;
  if (pauses_all) return command.name != "client|unpause" && command.name != "client|pause";
  return (flags & (kWrite | kMayReplicate)) != 0;
}

bool is_queued(const Session& session, const Command& command) {
  if (!session.multi.is_active) return false;
  const std::string_view name = command.name;
  return name != "exec" && name != "discard" && name != "multi" && name != "watch" &&
         name != "quit" && name != "reset";
}

Gates::Verdict Gates::stop(Session& session, StopReason reason) {
  session.stop(reason);
  return Verdict::kStopped;
}

Gates::Verdict Gates::refuse(std::string_view message) {
  refusal_.assign(message);
  return Verdict::kRefused;
}

Gates::Verdict Gates::pass(Session& session, Request& request) {
  const EngineOptions& options = shard_->options();
  // Replicas still say how far they are.
  const bool is_drained = shard_->is_draining && !session.is_replica();
  if (is_drained && !equals_ignore_case(request.args[0], "shutdown")) [[unlikely]]
    return stop(session, kStopDrain);
  if (options.client_command_rate_limit != 0 && !has_rate_token(session)) [[unlikely]]
    return stop(session, kStopRate);

  const bool is_found = request.command != nullptr && request.command->subcommands.empty() &&
                        CommandTable::arity_fits(*request.command, request.args.size());
  if (!is_found) [[unlikely]] {
    const Verdict verdict = find_command(session, request);
    if (verdict != Verdict::kPassed) return verdict;
  }
  const Command& command = *request.command;
  session.info.last_command = &command;

  if (needs_admission(session, command)) [[unlikely]] {
    if (const Status admitted = admit(session, command, options); !admitted.ok())
      return refuse(admitted.error().message());
  }
  if (const AclUser* user = session.caller.user; user != nullptr && !user->is_unlimited())
      [[unlikely]] {
    if (const Verdict verdict = check_user(session, request); verdict != Verdict::kPassed)
      return verdict;
  }
  uint64_t period = ShardSet::kNoRefusal;
  if (shard_->set().limits_writes()) [[unlikely]] {
    period = shard_->set().refusal_period();
    const Verdict verdict = pass_copies(session, request);
    if (verdict != Verdict::kPassed) return verdict;
  }
  if (shard_->set().role().is_replica()) [[unlikely]] {
    if (const Status allowed = admit_to_replica(session, request, *shard_); !allowed.ok())
      return refuse(allowed.error().message());
  }
  if (shard_->set().is_loading() && !command.has(kLoading)) [[unlikely]]
    return refuse(errors::loading().message());
  if (shard_->busy().with() != BusyWith::kNothing && !command.has(kAllowBusy)) [[unlikely]]
    return refuse(errors::busy(shard_->busy().with()));

  if (shard_->clients().pause().is_on() && is_held_by_pause(session, request)) [[unlikely]]
    return stop(session, kStopPause);
  if (shard_->set().moving_keys().any() && changes_moving_key(session, request)) [[unlikely]]
    return stop(session, kStopMove);
  if (shard_->set().has_many_pushes() && may_make_pushes(session, request)) [[unlikely]]
    return stop(session, kStopPushes);
  if (shard_->set().memory_limit() != 0) [[unlikely]] {
    const Verdict verdict = pass_memory(session, request);
    if (verdict != Verdict::kPassed) return verdict;
  }

  if (session.under_way != 0 && comes_after_all(session, request)) [[unlikely]]
    return stop(session, kStopOrder);
  if ((command.spec->flags & (kWrite | kMayReplicate)) != 0) note_may_write(session, period);
  return Verdict::kPassed;
}

void Gates::note_may_write(Session& session, uint64_t period) {
  const bool is_another = session.has_unsettled_write && session.unsettled_in_period != period;
  session.unsettled_in_period = is_another ? ShardSet::kNoRefusal : period;
  session.has_unsettled_write = true;
  session.has_uncounted_write = true;
}

// ---- 2. The rate.

bool Gates::has_rate_token(Session& session) const {
  const int64_t rate = shard_->options().client_command_rate_limit;
  const int64_t now_ms = shard_->now_ms();
  const int64_t passed_ms = std::max<int64_t>(now_ms - session.rate_at_ms, 0);
  const double earned = static_cast<double>(passed_ms) * static_cast<double>(rate) / 1000.0;
  // While there was no limit, commands took tokens that nothing gave back: this debt is forgotten.
  const double kept = std::max(session.rate_tokens, 0.0);
  session.rate_tokens = std::min(kept + earned, static_cast<double>(rate));
  session.rate_at_ms = now_ms;
  return session.rate_tokens >= 1;
}

// ---- 3. The command.

Gates::Verdict Gates::find_command(Session& session, Request& request) {
  const CommandTable& table = shard_->set().commands();
  const Result<const Command*> resolved = table.resolve(request.args);
  if (!resolved.ok() && is_http(request.args[0])) {
    abort_http(session);
    return Verdict::kStopped;
  }
  request.command = resolved.ok() ? *resolved : table.lookup(request.args);
  session.info.last_command = request.command;
  return resolved.ok() ? Verdict::kPassed : refuse(resolved.error().message());
}

// Whether the word is of an HTTP request: a browser was made to send a form here, and the rest of
// the form must not be run.
bool Gates::is_http(std::string_view name) const {
  return equals_ignore_case(name, "post") || equals_ignore_case(name, "host:");
}

void Gates::abort_http(Session& session) {
  if (shard_->now_ms() >= http_log_at_ms_) {
    http_log_at_ms_ = shard_->now_ms() + kHttpLogPeriodMs;
    log(LogLevel::kWarning,
        "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
        "commands to kvstash. This is likely due to an attacker attempting to use Cross Protocol "
        "Scripting to compromise this server. Connection aborted.",
        {{"addr", session.info.address}});
  }
  shard_->clients().kill(session);
}

// ---- 5. Permissions.

Gates::Verdict Gates::check_user(Session& session, const Request& request) {
  const AclUser& user = *session.caller.user;
  const std::optional<AclDenial> denial = user.check(*request.command, request.args);
  if (!denial) return Verdict::kPassed;
  note_denial(session, *denial, user.name, *shard_);
  return refuse("NOPERM " + acl_message(*denial, user.name, false));
}

// ---- 6. Copies of the data.

Gates::Verdict Gates::pass_copies(Session& session, const Request& request) {
  if (shard_->set().refuses_writes() && is_refused_by_disk(session, request))
    return refuse(shard_->set().write_refusal());
  if (shard_->set().lacks_replicas() && is_write(session, *request.command))
    return refuse(errors::no_replicas().message());
  if (!shard_->set().holds_writes() || is_queued(session, *request.command))
    return Verdict::kPassed;
  const uint32_t flags = flags_of(session, *request.command, request.args, *shard_);
  if ((flags & (kWrite | kMayReplicate)) == 0) return Verdict::kPassed;
  return stop(session, kStopJournal);
}

// As Redis, also PING is refused, so that those who watch the server notice.
bool Gates::is_refused_by_disk(const Session& session, const Request& request) const {
  return (request.command->name == "ping" && !is_queued(session, *request.command)) ||
         is_write(session, *request.command);
}

// ---- 10 to 13. What the server can take now.

bool Gates::is_held_by_pause(const Session& session, const Request& request) const {
  const Command& command = *request.command;
  return is_paused(session, command, flags_of(session, command, request.args, *shard_),
                   shard_->clients().pause().is_for_all());
}

// Of a transaction the commands in its queue count.
bool Gates::changes_moving_key(Session& session, const Request& request) const {
  const Command& command = *request.command;
  const uint32_t flags = flags_of(session, command, request.args, *shard_);
  if ((flags & (kWrite | kMayReplicate)) == 0 || is_queued(session, command)) return false;
  if (command.name != "exec") return names_moving_key(command, request.args);
  CommandQueue& queue = session.multi.queue;
  return std::ranges::any_of(queue.commands(), [&](const QueuedCommand& queued) {
    return names_moving_key(*queued.command, queue.argv(queued));
  });
}

bool Gates::names_moving_key(const Command& command, std::span<const std::string_view> args) const {
  std::vector<KeyAt> keys;
  CommandTable::keys_of(command, args, keys);
  return std::ranges::any_of(
      keys, [&](const KeyAt& key) { return shard_->set().moving_keys().has(args[key.index]); });
}

bool Gates::may_make_pushes(const Session& session, const Request& request) const {
  const Command& command = *request.command;
  return !is_queued(session, command) &&
         makes_pushes(flags_of(session, command, request.args, *shard_));
}

// Writers wait while eviction cannot keep up, and transactions are refused as a whole when nothing
// can be evicted. Queueing takes memory, whichever command is queued.
Gates::Verdict Gates::pass_memory(Session& session, const Request& request) {
  ShardSet& set = shard_->set();
  const Command& command = *request.command;
  if (shard_->awaits_eviction()) return stop(session, kStopEviction);
  const bool queues = is_queued(session, command);
  const bool writes = (flags_of(session, command, request.args, *shard_) & kDenyOom) != 0;
  if (writes && !queues && set.is_overfull()) return stop(session, kStopMemory);
  if (!queues && !(writes && command.name == "exec")) return Verdict::kPassed;
  shard_->publish_memory();
  if (!set.is_out_of_memory()) return Verdict::kPassed;
  return refuse(errors::out_of_memory().message());
}

// ---- 14. The order.

// Whether the command waits for all commands that the connection sent before: because it asks other
// shards, or may wait.
bool Gates::comes_after_all(const Session& session, const Request& request) const {
  const Command& command = *request.command;
  const bool asks = shard_->set().size() > 1 && asks_shards(command, request.args, *shard_);
  return (asks || command.has(kBlocking)) && !is_queued(session, command);
}

}  // namespace kvstash::engine
