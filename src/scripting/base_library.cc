#include "scripting/base_library.h"

#include "scripting/guard.h"
#include "scripting/readonly.h"

#include <climits>
#include <cstdint>
#include <cstring>
#include <string>

namespace kvstash::scripting {
namespace {

int base_next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (is_readonly(L, 1)) {
    push_target(L, 1);
    lua_replace(L, 1);
  }
  if (lua_next(L, 1) != 0) return 2;
  lua_pushnil(L);
  return 1;
}

// pairs(). Upvalue 1 is the function `next`.
int base_pairs(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

int base_rawget(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  push_target(L, 1);
  lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

int base_rawset(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  check_writable(L, 1);
  lua_rawset(L, 1);
  return 1;
}

// getmetatable(). The upvalues are: the globals, the table shown as their metatable, and the table
// shown as the metatable of strings.
int base_getmetatable(lua_State* L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING) {
    lua_pushvalue(L, lua_upvalueindex(3));
    return 1;
  }
  if (is_readonly(L, 1)) {
    if (lua_rawequal(L, 1, lua_upvalueindex(1)) != 0) {
      lua_pushvalue(L, lua_upvalueindex(2));
    } else {
      lua_pushnil(L);
    }
    return 1;
  }
  if (lua_getmetatable(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  luaL_getmetafield(L, 1, "__metatable");  // Without that field the metatable itself stays on top.
  return 1;
}

int base_setmetatable(lua_State* L) {
  const int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  check_writable(L, 1);
  if (luaL_getmetafield(L, 1, "__metatable") != 0)
    raise_here(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

// The results of `load` and `loadstring`: the function, or nil and the message.
int loaded(lua_State* L, int status) {
  if (status == 0) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

int base_loadstring(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  return loaded(L, load_text(L, text, luaL_optstring(L, 2, text.data())));
}

// load() reads the whole text before it is parsed: the reader is a function of the script, and must
// not run inside the parser.
int base_load(lua_State* L) {
  const char* name = luaL_optstring(L, 2, "=(load)");
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 2);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (;;) {
    lua_pushvalue(L, 1);
    if (const int status = lua_pcall(L, 0, 1, 0); status != 0) return loaded(L, status);
    if (lua_isnil(L, -1)) break;
    if (lua_isstring(L, -1) == 0) {
      luaL_where(L, 1);
      lua_pushliteral(L, "reader function must return a string");
      lua_concat(L, 2);
      return loaded(L, LUA_ERRRUN);
    }
    if (text_at(L, -1).empty()) break;
    luaL_addvalue(&text);
  }
  lua_pop(L, 1);
  luaL_pushresult(&text);
  return loaded(L, load_text(L, text_at(L, -1), name));
}

// pcall(). Errors of redis.call are tables; a script that catches one gets its text.
int base_pcall(lua_State* L) {
  if (lua_gettop(L) == 0) {
    lua_pushboolean(L, 0);
    lua_pushliteral(L, "attempt to call a boolean value");
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0) == 0) return lua_gettop(L);
  lua_remove(L, 1);
  if (lua_type(L, -1) == LUA_TTABLE) {
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    if (lua_isstring(L, -1) != 0) lua_replace(L, -2);
  }
  lua_pushboolean(L, 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

// Calls the script's own error handler, which is upvalue 1. If the script is to end, the handler is
// not called, because it could keep the script running.
int handle_error(lua_State* L) {
  if (is_ending(L)) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

int base_xpcall(lua_State* L) {
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  lua_pushcclosure(L, handle_error, 1);
  lua_insert(L, 1);
  const int status = lua_pcall(L, 0, LUA_MULTRET, 1);
  lua_pushboolean(L, status == 0 ? 1 : 0);
  lua_replace(L, 1);
  return lua_gettop(L);
}

int base_unpack(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const int64_t first = luaL_optint(L, 2, 1);
  const int64_t last = lua_isnoneornil(L, 3) ? static_cast<int64_t>(lua_objlen(L, 1))
                                             : static_cast<int64_t>(luaL_checkint(L, 3));
  if (first > last) return 0;
  const int64_t count = last - first + 1;
  if (count > INT_MAX || lua_checkstack(L, static_cast<int>(count)) == 0)
    raise_here(L, "too many results to unpack");
  for (int64_t at = first; at <= last; ++at)
    lua_rawgeti(L, 1, static_cast<int>(at));
  return static_cast<int>(count);
}

// collectgarbage() does not change the settings of the collector, because the server sets those.
int base_collectgarbage(lua_State* L) {
  static const char* const kNames[] = {"stop", "restart",  "collect",    "count",
                                       "step", "setpause", "setstepmul", nullptr};
  const int option = luaL_checkoption(L, 1, "collect", kNames);
  const int argument = luaL_optint(L, 2, 0);
  if (std::strcmp(kNames[option], "count") == 0) {
    lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT, 0) + lua_gc(L, LUA_GCCOUNTB, 0) / 1024.0);
  } else if (std::strcmp(kNames[option], "step") == 0) {
    lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, argument < 0 ? 0 : argument));
  } else {
    if (std::strcmp(kNames[option], "collect") == 0) lua_gc(L, LUA_GCCOLLECT, 0);
    lua_pushinteger(L, 0);
  }
  return 1;
}

constexpr LibraryFunction kBaseFunctions[] = {
    {"collectgarbage", base_collectgarbage},
    {"load", base_load},
    {"loadstring", base_loadstring},
    {"next", base_next},
    {"pcall", base_pcall},
    {"rawget", base_rawget},
    {"rawset", base_rawset},
    {"setmetatable", base_setmetatable},
    {"unpack", base_unpack},
    {"xpcall", base_xpcall},
};

}  // namespace

int load_text(lua_State* L, std::string_view text, const char* chunk_name) {
  // A binary chunk that follows a blank is refused as bad text.
  std::string spaced;
  if (!text.empty() && text.front() == LUA_SIGNATURE[0]) text = spaced.append(" ").append(text);
  lua_gc(L, LUA_GCSTOP, 0);
  const int status = luaL_loadbuffer(L, text.data(), text.size(), chunk_name);
  lua_gc(L, LUA_GCRESTART, 0);
  return status;
}

void add_base_library(lua_State* L) {
  set_functions(L, kBaseFunctions);
  lua_pushcfunction(L, base_next);
  lua_pushcclosure(L, base_pairs, 1);
  lua_setfield(L, -2, "pairs");
}

void push_getmetatable(lua_State* L) {
  lua_pushcclosure(L, base_getmetatable, 3);
}

}  // namespace kvstash::scripting
