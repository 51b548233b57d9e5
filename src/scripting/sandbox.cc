#include "scripting/sandbox.h"

#include "scripting/base_library.h"
#include "scripting/bit_library.h"
#include "scripting/cmsgpack_library.h"
#include "scripting/coroutine_library.h"
#include "scripting/readonly.h"
#include "scripting/redis_library.h"
#include "scripting/string_library.h"
#include "scripting/struct_library.h"

#include <string>

namespace kvstash::scripting {
namespace {

// Lua's own basic functions that scripts may use; base_library.cc replaces some of them.
constexpr const char* kAllowed[] = {
    "_VERSION",   "assert", "error",  "gcinfo",         "getmetatable", "ipairs",
    "loadstring", "load",   "next",   "pairs",          "pcall",        "rawequal",
    "rawget",     "rawset", "select", "setmetatable",   "tonumber",     "tostring",
    "type",       "unpack", "xpcall", "collectgarbage",
};

int missing_variable(lua_State* L) {
  const std::string_view name =
      lua_isstring(L, 2) != 0 ? text_at(L, 2) : std::string_view(luaL_typename(L, 2));
  raise_here(L,
             "Script attempted to access nonexistent global variable '" + std::string(name) + "'");
}

// Makes it an error to read a field that the table on top of the stack does not have.
void refuse_missing(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, missing_variable);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

void open(lua_State* L, lua_CFunction library, const char* name) {
  lua_pushcfunction(L, library);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

// Moves Lua's library of this name into the globals on top of the stack, after `adapt` changed it.
template <typename Adapt>
void add_library(lua_State* L, const char* name, Adapt adapt) {
  lua_getfield(L, LUA_GLOBALSINDEX, name);
  adapt();
  make_readonly(L);
  lua_setfield(L, -2, name);
}

// Keeps only `clock`, the one function of `os` that is harmless.
void keep_clock_only(lua_State* L) {
  lua_getfield(L, -1, "clock");
  lua_newtable(L);
  lua_insert(L, -2);
  lua_setfield(L, -2, "clock");
  lua_remove(L, -2);
}

void add_lua_libraries(lua_State* L, ScriptRandom& random) {
  open(L, luaopen_base, "");
  open(L, luaopen_table, LUA_TABLIBNAME);
  open(L, luaopen_string, LUA_STRLIBNAME);
  open(L, luaopen_math, LUA_MATHLIBNAME);
  open(L, luaopen_os, LUA_OSLIBNAME);
  for (const char* name : kAllowed) {
    lua_getfield(L, LUA_GLOBALSINDEX, name);
    lua_setfield(L, -2, name);
  }
  add_base_library(L);
  add_library(L, "coroutine", [L] { add_coroutine_library(L); });
  add_library(L, "string", [L] { add_string_library(L); });
  add_library(L, "table", [L] { add_table_library(L); });
  add_library(L, "math", [L, &random] { add_math_library(L, random); });
  add_library(L, "os", [L] { keep_clock_only(L); });
}

// Adds the libraries that Redis adds to Lua to the globals on top of the stack.
CjsonOptions* add_further_libraries(lua_State* L) {
  const auto add = [L](const char* name) {
    make_readonly(L);
    lua_setfield(L, -2, name);
  };
  CjsonOptions* cjson = push_cjson_library(L);
  add("cjson");
  push_cmsgpack_library(L);
  add("cmsgpack");
  push_struct_library(L);
  add("struct");
  push_bit_library(L);
  add("bit");
  return cjson;
}

// Adds `getmetatable` to the globals. The stack has the globals and, on top, their stand-in.
void add_getmetatable(lua_State* L) {
  lua_pushvalue(L, -1);
  lua_newtable(L);
  lua_pushcfunction(L, missing_variable);
  lua_setfield(L, -2, "__index");
  make_readonly(L);
  lua_newtable(L);
  lua_getfield(L, -5, "string");
  lua_setfield(L, -2, "__index");
  make_readonly(L);
  push_getmetatable(L);
  lua_setfield(L, -3, "getmetatable");
}

// Pushes the globals that a library sees while it is loaded: only `redis`, with few functions.
void push_loading_globals(lua_State* L, const SandboxOptions& options) {
  lua_newtable(L);
  push_loading_redis(L, options.redis_version);
  refuse_missing(L);
  make_readonly(L);
  lua_setfield(L, -2, "redis");
  refuse_missing(L);
}

}  // namespace

CjsonOptions* build_sandbox(lua_State* L, const SandboxOptions& options) {
  lua_newtable(L);
  add_lua_libraries(L, *options.random);
  CjsonOptions* cjson = add_further_libraries(L);
  push_redis(L, options.redis_version, options.is_for_functions);
  make_readonly(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "server");
  lua_setfield(L, -2, "redis");

  lua_pushvalue(L, -1);
  make_readonly(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  add_getmetatable(L);
  lua_getmetatable(L, -1);
  lua_insert(L, -2);
  lua_replace(L, LUA_GLOBALSINDEX);
  lua_pushvalue(L, -2);
  refuse_missing(L);
  lua_pop(L, 1);
  if (options.is_for_functions) {
    push_loading_globals(L, options);
  } else {
    lua_pushnil(L);
  }
  return cjson;
}

}  // namespace kvstash::scripting
