// The sandbox: the globals that scripts see. It has only names on a list of allowed ones. A script
// can neither change them nor add a global.
#pragma once

#include "scripting/cjson_library.h"
#include "scripting/lua.h"
#include "scripting/math_library.h"

#include <string_view>

namespace kvstash::scripting {

// The parameters of a sandbox.
struct SandboxOptions {
  bool is_for_functions = false;
  std::string_view redis_version;
  ScriptRandom* random = nullptr;
};

// Builds the sandbox in a fresh state, and pushes three tables: the real globals, which scripts see
// through a stand-in; the metatable of that stand-in, whose __index selects the globals; the
// globals that libraries of functions see while they are loaded (nil for EVAL). Returns the options
// of cjson.
CjsonOptions* build_sandbox(lua_State* L, const SandboxOptions& options);

}  // namespace kvstash::scripting
