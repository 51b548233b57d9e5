#include "scripting/script_call.h"

#include "base/numbers.h"
#include "engine/acl/acl.h"
#include "engine/role_errors.h"
#include "engine/server_port.h"
#include "engine/shard.h"
#include "scripting/redis_library.h"
#include "scripting/reply_reader.h"
#include "scripting/scripting.h"
#include "scripting/vm.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>

namespace kvstash::scripting {
namespace {

using engine::Command;
using Args = std::span<const std::string_view>;

constexpr size_t kSpareReplyBytesMax = size_t{1} << 20;
// Lua counts only its own instructions. So redis.call looks at the time itself, after commands have
// taken this long.
constexpr uint64_t kNsPerLook = 1'000'000;
constexpr std::string_view kNoArguments =
    "ERR Please specify at least one argument for this redis lib call";
constexpr std::string_view kBadArguments =
    "ERR Lua redis lib command arguments must be strings or integers";
constexpr std::string_view kBeyondKeys =
    "ERR Script broke the promise of script-keys, or of its flag declared-keys, to keep to the "
    "keys "
    "that it is called with.";

// ---- Arguments.

std::string_view number_text(lua_Number value, char* room) {
  constexpr lua_Number kIntegerMax = 9.2e18;
  const bool is_integer =
      value >= -kIntegerMax && value <= kIntegerMax && value == std::trunc(value);
  const size_t size =
      is_integer ? format_int64(room, static_cast<int64_t>(value)) : format_double(room, value);
  return {room, size};
}

// Reads the arguments as bytes. False: one is neither a string nor a number. The views are valid as
// long as the arguments stay on the stack.
bool read_args(lua_State* L, CallScratch& scratch) {
  const int count = lua_gettop(L);
  scratch.args.clear();
  for (int i = 1; i <= count; ++i) {
    const int type = lua_type(L, i);
    if (type == LUA_TSTRING) {
      scratch.args.push_back(text_at(L, i));
    } else if (type == LUA_TNUMBER) {
      if (scratch.numbers.size() < static_cast<size_t>(count))
        scratch.numbers.resize(static_cast<size_t>(count));
      scratch.args.push_back(
          number_text(lua_tonumber(L, i), scratch.numbers[static_cast<size_t>(i - 1)].data()));
    } else {
      return false;
    }
  }
  return true;
}

// ---- Checks before a command runs.

struct Resolved {
  const Command* command = nullptr;  // Null if no command has that name.
  std::string_view error{};          // Empty if the command can run.
};

Resolved resolve(const engine::CommandTable& table, Args args) {
  const Command* command = table.lookup(args);
  if (command == nullptr) return {nullptr, "ERR Unknown Redis command called from script"};
  if (!engine::CommandTable::arity_fits(*command, args.size()) || command->spec->run == nullptr)
    return {command, "ERR Wrong number of args calling Redis command from script"};
  return {command, {}};
}

// The denial by the caller's access control list; nothing if the command is permitted.
std::optional<engine::AclDenial> check_access(const Run& run, const Command& command, Args args) {
  const engine::AclUser* user = run.caller.user;
  if (user == nullptr || user->is_unlimited()) [[likely]]
    return std::nullopt;
  return user->check(command, args);
}

void log_denial(const Run& run, const engine::AclDenial& denial) {
  engine::Call& call = *run.call;
  const engine::Session* session = call.caller().session;
  const int64_t now_ms = call.now_ms();
  call.shards().acl().log().add(
      {.reason = denial.reason,
       .context = engine::AclContextKind::kScript,
       .object = denial.object,
       .user = run.caller.user->name,
       .client = session == nullptr ? std::string() : call.server().describe(*session, now_ms),
       .created_ms = now_ms,
       .updated_ms = now_ms},
      static_cast<size_t>(call.options().acllog_max_len));
}

engine::Scope scope_of(const Run& run, const Command& command, Args args) {
  const engine::CommandSpec& spec = *command.spec;
  return spec.find_scope == nullptr ? spec.scope : spec.find_scope(args, run.call->worker());
}

// Whether the command touches only keys that the run may touch. If the run does not hold all
// shards, the shards of the keys are checked too: since they were chosen, the script may have lost
// its promise to touch only its keys.
bool keeps_to_keys(const Run& run, const Command& command, Args args, CallScratch& scratch) {
  const bool holds_all = run.call->holds_all();
  if (run.keys.are_all() && holds_all) [[likely]]
    return true;
  const engine::Scope scope = scope_of(run, command, args);
  if (scope == engine::Scope::kSession) return true;
  if (scope != engine::Scope::kKeys) return false;
  scratch.keys.clear();
  // Arguments whose keys cannot be found may name any key.
  if (engine::CommandTable::keys_of(command, args, scratch.keys) == engine::KeysFound::kUnknown)
    return false;
  return std::ranges::all_of(scratch.keys, [&](const engine::KeyAt& at) {
    const std::string_view key = args[at.index];
    if (!run.keys.include(key)) return false;
    return holds_all || run.call->hold().covers(run.call->shards().shard_of(key));
  });
}

// Whether a command is denied because it is flagged noscript. DEBUG SET-DISABLE-DENY-SCRIPTS
// permits those that need no client connection and start no other script.
bool is_denied(const Run& run, const Command& command) {
  constexpr std::string_view kAllowable[] = {"config", "debug", "latency", "role"};
  if (!command.has(engine::kNoScript)) [[likely]]
    return false;
  if (!Scripting::of(*run.call).allows_denied) return true;
  const engine::CommandSpec& spec =
      command.container == nullptr ? *command.spec : *command.container->spec;
  return std::ranges::find(kAllowable, spec.name) == std::end(kAllowable);
}

// The reason why the command may not run; empty if it may. The checks are in Redis's order.
std::string_view refusal(const Run& run, const Command& command, Args args, CallScratch& scratch) {
  if (is_denied(run, command)) return "ERR This Redis command is not allowed from script";
  if (const std::optional<engine::AclDenial> denial = check_access(run, command, args)) {
    log_denial(run, *denial);
    scratch.error =
        "ERR ACL failure in script: " + engine::acl_message(*denial, run.caller.user->name, false);
    return scratch.error;
  }
  // A command that may reach replicas counts as a write here, so that read-only scripts can run
  // during a pause of writes.
  if ((command.has(engine::kWrite) || command.has(engine::kMayReplicate)) && run.is_read_only)
    return "ERR Write commands are not allowed from read-only scripts.";
  const engine::ShardSet& set = run.call->shards();
  if (set.role().is_stale() && !command.has(engine::kStale))
    return "ERR Can not execute the command on a stale replica";
  if (command.has(engine::kWrite) && set.role().is_read_only())
    return engine::errors::read_only_replica().message();
  if (command.has(engine::kWrite) && !run.has_written && set.refuses_writes()) {
    scratch.error = set.write_refusal();
    return scratch.error;
  }
  if (command.has(engine::kWrite) && !run.has_written && set.lacks_replicas())
    return engine::errors::no_replicas().message();
  const bool asks_memory = command.has(engine::kDenyOom) && !run.has_written;
  if (asks_memory && run.is_out_of_memory && (run.flags & kAllowOom) == 0)
    return engine::errors::out_of_memory().message();
  if (!keeps_to_keys(run, command, args, scratch)) return kBeyondKeys;
  return {};
}

// ---- Running the command.

// Answers with an error of the script's own, which is counted only if it ends the script.
int answer_error(lua_State* L, std::string_view message, bool raises) {
  push_error(L, message);
  if (raises) return lua_error(L);
  return 1;
}

void mark_counted(lua_State* L) {
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, kCountedField);
}

// Answers with the error of a command that may not run. The refusal is counted for the command, if
// there is one of that name.
int answer_refusal(lua_State* L, Run& run, const Command* command, std::string_view message,
                   bool raises) {
  engine::Shard& worker = run.call->worker();
  if (command != nullptr) ++worker.telemetry().of(*command).rejected;
  worker.telemetry().count_error(message);
  push_error(L, message);
  mark_counted(L);
  if (raises) return lua_error(L);
  return 1;
}

// Answers with the reply of the command, whose errors have been counted already. First removes the
// arguments from the stack, because they may have filled it.
int answer_reply(lua_State* L, CallScratch& scratch, bool raises) {
  scratch.args.clear();
  lua_settop(L, 0);
  const std::string_view bytes = scratch.out.view();
  push_reply(L, bytes);
  const bool is_error = bytes.starts_with('-');
  if (is_error) mark_counted(L);
  if (scratch.out.capacity() > kSpareReplyBytesMax) scratch.out.release();
  if (is_error && raises) return lua_error(L);
  return 1;
}

// Begins a unit of the journal: all changes and messages of one script are one unit.
void begin_unit(Run& run) {
  engine::EffectSink* sink = run.call->hold().journal();
  if (sink == nullptr || run.has_unit) return;
  run.has_unit = true;
  sink->begin_unit();
}

// Shows the command to monitors, after it ran, as coming from "lua".
void tell_monitors(Run& run, const Command& command, const CallScratch& scratch) {
  if (run.call->shards().monitor_count.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  if (command.has(engine::kSkipMonitor) || command.has(engine::kAdmin)) return;
  run.call->worker().monitors().feed(scratch.session, command, scratch.args, run.caller.db);
}

int call_command(lua_State* L, bool raises) {
  Vm& vm = Vm::of(L);
  Run& run = *vm.run();
  CallScratch& scratch = vm.scratch();
  if (lua_gettop(L) == 0) return answer_error(L, kNoArguments, raises);
  if (!read_args(L, scratch)) return answer_error(L, kBadArguments, raises);
  const auto [command, error] = resolve(run.call->shards().commands(), scratch.args);
  if (!error.empty()) return answer_refusal(L, run, command, error, raises);
  if (const std::string_view why = refusal(run, *command, scratch.args, scratch); !why.empty())
    return answer_refusal(L, run, command, why, raises);
  if (command->has(engine::kWrite)) {
    if (!run.has_written) vm.begin_writing(L);
    run.has_written = true;
  }
  if (command->has(engine::kWrite) || command->has(engine::kMayReplicate)) begin_unit(run);
  scratch.out.clear();
  run.calls_ns += run.call->worker().executor().run_nested(*command, scratch.args, *run.call,
                                                           run.caller, scratch.out);
  tell_monitors(run, *command, scratch);
  if (run.calls_ns > kNsPerLook) [[unlikely]]
    vm.tick(L);
  return answer_reply(L, scratch, raises);
}

}  // namespace

int redis_call(lua_State* L) {
  return call_command(L, true);
}

int redis_pcall(lua_State* L) {
  return call_command(L, false);
}

int redis_acl_check_cmd(lua_State* L) {
  Vm& vm = Vm::of(L);
  const Run& run = *vm.run();
  if (lua_gettop(L) == 0) return answer_error(L, kNoArguments, true);
  if (!read_args(L, vm.scratch())) return answer_error(L, kBadArguments, true);
  const Args args = vm.scratch().args;
  const Resolved resolved = resolve(run.call->shards().commands(), args);
  if (!resolved.error.empty())
    raise_redis_error(L, "Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(L, check_access(run, *resolved.command, args) ? 0 : 1);
  return 1;
}

}  // namespace kvstash::scripting
