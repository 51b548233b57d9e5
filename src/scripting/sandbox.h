// The sandbox: the globals that scripts see. Only what is on the list of allowed names is there,
// nothing of it can be changed, and no global can be added.
#pragma once

#include "scripting/cjson_library.h"
#include "scripting/lua.h"
#include "scripting/math_library.h"

#include <string_view>

namespace kvstash::scripting {

// What a fresh state needs to know.
struct SandboxOptions {
  bool is_for_functions = false;
  std::string_view redis_version;
  ScriptRandom* random = nullptr;
};

// Builds everything in a fresh state, and pushes: the table of globals behind the stand-in that
// scripts see; the stand-in's metatable, whose __index chooses the globals; for functions, the
// globals for the time of loading (otherwise nil). Returns the options of cjson.
CjsonOptions* build_sandbox(lua_State* L, const SandboxOptions& options);

}  // namespace kvstash::scripting
