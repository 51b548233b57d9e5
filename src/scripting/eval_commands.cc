#include "scripting/eval_commands.h"

#include "base/numbers.h"
#include "commands/shared/counted_keys.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "scripting/scripting.h"

#include <string>
#include <utility>
#include <vector>

namespace kvstash::scripting {
namespace {

using engine::Scope;
using Args = std::span<const std::string_view>;

enum class Access : uint8_t { kAny, kReadOnly };

constexpr size_t kFirstKeyArg = 3;

Scope scope_of(uint32_t flags, Args argv, const engine::Shard& home) {
  return keeps_to_its_keys(flags, argv[2] != "0", home.options()) ? Scope::kKeys
                                                                  : Scope::kAllShards;
}

// The flags of the command for this script: those of its row, narrowed by the script's own flags.
uint32_t command_flags(uint32_t row_flags, uint32_t script_flags) {
  using namespace engine;
  if ((script_flags & kUndeclared) != 0) return row_flags;
  uint32_t flags = row_flags & ~uint32_t{kStale | kDenyOom | kWrite | kMayReplicate};
  if ((script_flags & (kAllowOom | kNoWrites)) == 0) flags |= kDenyOom;
  if ((script_flags & kNoWrites) == 0) flags |= kWrite;
  if ((script_flags & kAllowStale) != 0) flags |= kStale;
  return flags;
}

// Parses the number of keys, the argument that follows the script.
Result<size_t> key_count(Args argv, Error otherwise) {
  const std::optional<int64_t> count = parse_int64(argv[2]);
  if (!count) return otherwise;
  if (*count > static_cast<int64_t>(argv.size() - kFirstKeyArg))
    return Error::literal("ERR Number of keys can't be greater than number of args");
  if (*count < 0) return Error::literal("ERR Number of keys can't be negative");
  return static_cast<size_t>(*count);
}

Result<Args> keys_of(const Call& call, Error otherwise) {
  const Result<size_t> count = key_count(call.args(), std::move(otherwise));
  if (!count.ok()) return count.error();
  return call.args().subspan(kFirstKeyArg, *count);
}

// Checks, before the script begins, whether its flags permit it to run.
Status check_flags(const Run& run, Access access) {
  if ((run.flags & kUndeclared) != 0) return {};
  const bool may_write = (run.flags & kNoWrites) == 0;
  if (may_write && run.is_out_of_memory && (run.flags & kAllowOom) == 0)
    return engine::errors::out_of_memory();
  if (may_write && access == Access::kReadOnly)
    return Error::literal("ERR Can not execute a script with write flag using *_ro command.");
  return {};
}

Run make_run(Call& call, Vm& vm, std::string_view name, uint32_t flags, Access access, Args keys) {
  Run run{.call = &call, .caller = call.caller(), .name = name, .flags = flags};
  run.is_function = vm.kind() == VmKind::kFunctions;
  run.is_read_only = access == Access::kReadOnly || (flags & kNoWrites) != 0;
  run.is_out_of_memory = !call.worker().executor().make_room(call.hold());
  if (keeps_to_its_keys(flags, !keys.empty(), call.options())) run.keys = DeclaredKeys(keys);
  run.caller.in_script = true;
  run.caller.resp = resp::RespVersion::k2;
  run.caller.session = &vm.scratch().session;
  return run;
}

// Calls the function. Then ends the journal's unit that its first write began, unless SHUTDOWN
// NOSAVE ended the script in the middle of its changes.
Status finish(Run& run, Vm& vm, int reference, Args keys) {
  Call& call = *run.call;
  Status replied = vm.call(run, reference, keys, call.args_from(kFirstKeyArg + keys.size()));
  if (run.has_unit && !run.is_cut_off) call.hold().journal()->end_unit();
  return replied;
}

// Shows the script to monitors, before they see its commands. If the session is on another shard
// that is not held, its line is written on that shard.
void tell_monitors(Call& call) {
  if (call.shards().monitor_count.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  if (const engine::Session* session = call.caller().session; session != nullptr) {
    call.worker().monitors().feed(*session, call.command(), call.args(), call.db());
    return;
  }
  std::vector<std::string> args(call.args().begin(), call.args().end());
  call.shards().submit(call.caller().home,
                       [args = std::move(args), id = call.caller().client_id,
                        command = &call.command(), db = call.db()](engine::Shard& home) {
                         const engine::Session* session = home.clients().find(id);
                         if (session == nullptr) return;
                         const std::vector<std::string_view> argv(args.begin(), args.end());
                         home.monitors().feed(*session, *command, argv, db);
                       });
}

CompiledScripts& scripts_of(Call& call) {
  return Scripting::of(call).scripts_of(call.hold().worker().shard);
}

template <typename Find>
Status run_script(Call& call, Access access, Find find) {
  call.take_moment();
  tell_monitors(call);
  if (call.caller().wants_debugger)
    return Error::literal(
        "ERR The script was not run: this connection asked for the Lua debugger, which kvstash "
        "does "
        "not have. SCRIPT DEBUG NO lets scripts run again.");
  const Result<Args> keys =
      keys_of(call, Error::literal("ERR value is not an integer or out of range"));
  if (!keys.ok()) return keys.error();
  CompiledScripts& scripts = scripts_of(call);
  const Result<const CompiledScript*> found = find(scripts);
  if (!found.ok()) return found.error();
  const ScriptRef script = (*found)->script;
  Run run = make_run(call, scripts.vm(), script->sha, script->shebang.flags, access, *keys);
  if (Status allowed = check_flags(run, access); !allowed.ok()) return allowed;
  return finish(run, scripts.vm(), (*found)->reference, *keys);
}

Status run_body(Call& call, Access access) {
  return run_script(call, access, [&](CompiledScripts& scripts) {
    return scripts.by_body(call.arg(1), call.now_ms());
  });
}

Status run_sha(Call& call, Access access) {
  constexpr size_t kShaBytes = 40;
  if (call.arg(1).size() != kShaBytes) return no_such_script();
  return run_script(call, access, [&](CompiledScripts& scripts) {
    return scripts.by_sha(call.arg(1), call.now_ms());
  });
}

Status run_function(Call& call, Access access) {
  call.take_moment();
  tell_monitors(call);
  Scripting& scripting = Scripting::of(call);
  const Libraries::Place place = scripting.libraries().find_function(call.arg(1));
  if (place.function == nullptr) return Error::literal("ERR Function not found");
  const Result<Args> keys = keys_of(call, Error::literal("ERR Bad number of keys provided"));
  if (!keys.ok()) return keys.error();
  LoadedLibraries& loaded = scripting.libraries_of(call.hold().worker().shard);
  Run run = make_run(call, loaded.vm(), place.function->name, place.function->flags, access, *keys);
  if (Status allowed = check_flags(run, access); !allowed.ok()) return allowed;
  const Result<int> callback = loaded.callback_of(place);
  if (!callback.ok()) return callback.error();
  return finish(run, loaded.vm(), *callback, *keys);
}

}  // namespace

Status eval(Call& call) {
  return run_body(call, Access::kAny);
}

Status eval_ro(Call& call) {
  return run_body(call, Access::kReadOnly);
}

Status evalsha(Call& call) {
  return run_sha(call, Access::kAny);
}

Status evalsha_ro(Call& call) {
  return run_sha(call, Access::kReadOnly);
}

Status fcall(Call& call) {
  return run_function(call, Access::kAny);
}

Status fcall_ro(Call& call) {
  return run_function(call, Access::kReadOnly);
}

// The scopes. A script with a bad first line, or a function that is not known, does not run: any
// shard can reply the error.

Scope eval_scope(Args argv, engine::Shard& home) {
  const Result<Shebang> shebang = parse_shebang(argv[1]);
  return shebang.ok() ? scope_of(shebang->flags, argv, home) : Scope::kKeys;
}

// A script that this shard does not know may become known before EVALSHA runs, by an EVAL that is
// under way, and may then need any shard. Holding every shard makes EVALSHA run after that EVAL.
Scope evalsha_scope(Args argv, engine::Shard& home) {
  const std::optional<uint32_t> flags = Scripting::of(home).scripts_of(home.id()).flags_of(argv[1]);
  return flags ? scope_of(*flags, argv, home) : Scope::kAllShards;
}

Scope fcall_scope(Args argv, engine::Shard& home) {
  const Libraries::Place place = Scripting::of(home).libraries().find_function(argv[1]);
  return place.function == nullptr ? Scope::kKeys : scope_of(place.function->flags, argv, home);
}

uint32_t eval_flags(uint32_t row_flags, Args argv, engine::Shard&) {
  const Result<Shebang> shebang = parse_shebang(argv[1]);
  return shebang.ok() ? command_flags(row_flags, shebang->flags) : row_flags;
}

uint32_t evalsha_flags(uint32_t row_flags, Args argv, engine::Shard& home) {
  const std::optional<uint32_t> flags = Scripting::of(home).scripts_of(home.id()).flags_of(argv[1]);
  return flags ? command_flags(row_flags, *flags) : row_flags;
}

uint32_t fcall_flags(uint32_t row_flags, Args argv, engine::Shard& home) {
  const Libraries::Place place = Scripting::of(home).libraries().find_function(argv[1]);
  return place.function == nullptr ? row_flags : command_flags(row_flags, place.function->flags);
}

engine::KeysFound eval_keys(Args argv, std::vector<engine::KeyAt>& keys) {
  return commands::append_counted(key_count(argv, engine::errors::not_an_integer()), kFirstKeyArg,
                                  engine::kKeyRW | engine::kKeyAccess | engine::kKeyUpdate, keys);
}

engine::KeysFound eval_ro_keys(Args argv, std::vector<engine::KeyAt>& keys) {
  return commands::append_counted(key_count(argv, engine::errors::not_an_integer()), kFirstKeyArg,
                                  engine::kKeyRO | engine::kKeyAccess, keys);
}

}  // namespace kvstash::scripting
