#include "scripting/script_commands.h"

#include "base/text.h"
#include "commands/shared/help.h"
#include "engine/shard.h"
#include "scripting/flush_mode.h"
#include "scripting/scripting.h"

namespace kvstash::scripting {

Status script_load(Call& call) {
  CompiledScripts& scripts = Scripting::of(call).scripts_of(call.hold().worker().shard);
  const Result<const CompiledScript*> loaded = scripts.load(call.arg(2), call.now_ms());
  if (!loaded.ok()) return loaded.error();
  call.reply().bulk((*loaded)->script->sha);
  return {};
}

Status script_exists(Call& call) {
  ScriptCache& cache = Scripting::of(call).cache();
  call.reply().array(call.argc() - 2);
  for (const std::string_view sha : call.args_from(2))
    call.reply().integer(cache.find(to_lower(sha)) != nullptr ? 1 : 0);
  return {};
}

Status script_flush(Call& call) {
  const Result<FlushMode> mode =
      parse_flush_mode(call, Error::literal("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
  if (!mode.ok()) return mode.error();
  drop(call, *mode, Scripting::of(call).flush_scripts());
  call.reply().ok();
  return {};
}

// SCRIPT DEBUG. There is no debugger, but redis-cli --ldb ignores the error and sends the script to
// be debugged. So a connection that asked for a debugger may run no script until it sends SCRIPT
// DEBUG NO.
Status script_debug(Call& call) {
  const std::string_view mode = call.arg(2);
  if (equals_ignore_case(mode, "no")) {
    call.caller().wants_debugger = false;
    call.reply().ok();
    return {};
  }
  if (!equals_ignore_case(mode, "yes") && !equals_ignore_case(mode, "sync"))
    return Error::literal("ERR Use SCRIPT DEBUG YES/SYNC/NO");
  call.caller().wants_debugger = true;
  return Error::literal("ERR SCRIPT DEBUG is not supported: kvstash has no Lua debugger");
}

Status script_kill(Call& call) {
  if (Status killed = Scripting::of(call).slow().kill(false); !killed.ok()) return killed;
  call.reply().ok();
  return {};
}

Status script_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DEBUG (YES|SYNC|NO)",
      "    Set the debug mode for subsequent scripts executed.",
      "EXISTS <sha1> [<sha1> ...]",
      "    Return information about the existence of the scripts in the script cache.",
      "FLUSH [ASYNC|SYNC]",
      "    Flush the Lua scripts cache. Very dangerous on replicas.",
      "    When called without the optional mode argument, the behavior is determined by the",
      "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
      "    * ASYNC: Asynchronously flush the scripts cache.",
      "    * SYNC: Synchronously flush the scripts cache.",
      "KILL",
      "    Kill the currently executing Lua script.",
      "LOAD <script>",
      "    Load a script into the scripts cache without executing it.",
  };
  return commands::reply_help(call, kLines);
}

}  // namespace kvstash::scripting
