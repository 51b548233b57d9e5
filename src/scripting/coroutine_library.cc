#include "scripting/coroutine_library.h"

#include "scripting/guard.h"

namespace kvstash::scripting {
namespace {

// Upvalue 1: Lua's own.
int resume(lua_State* L) {
  luaL_argcheck(L, lua_tothread(L, 1) != nullptr, 1, "coroutine expected");
  check_depth(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

// Upvalues: Lua's own coroutine.resume, the coroutine.
int resume_wrapped(lua_State* L) {
  check_depth(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 2);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  const bool is_fine = lua_toboolean(L, 1) != 0;
  if (!is_fine) {
    lua_settop(L, 2);
    if (lua_isstring(L, 2) != 0) {
      luaL_where(L, 1);
      lua_insert(L, 2);
      lua_concat(L, 2);
    }
    lua_error(L);
  }
  return lua_gettop(L) - 1;
}

// Upvalues: Lua's own coroutine.resume and coroutine.create.
int wrap(lua_State* L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && lua_iscfunction(L, 1) == 0, 1, "Lua function expected");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  lua_pushcclosure(L, resume_wrapped, 2);
  return 1;
}

}  // namespace

void add_coroutine_library(lua_State* L) {
  lua_getfield(L, -1, "resume");
  lua_pushvalue(L, -1);
  lua_getfield(L, -3, "create");
  lua_pushcclosure(L, wrap, 2);
  lua_setfield(L, -3, "wrap");
  lua_pushcclosure(L, resume, 1);
  lua_setfield(L, -2, "resume");
}

}  // namespace kvstash::scripting
