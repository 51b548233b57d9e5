#include "scripting/readonly.h"

namespace kvstash::scripting {
namespace {

// The address that marks the metatable of a stand-in, under the key 1. Scripts cannot make one like
// it: the only light userdata that they get is null.
const char kMark = 0;

void push_mark(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kMark));
}

int refuse(lua_State* L) {
  raise_here(L, kReadonlyError);
}

}  // namespace

void make_readonly(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 1, 2);
  push_mark(L);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

bool is_readonly(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
  lua_rawgeti(L, -1, 1);
  const bool is_marked = lua_touserdata(L, -1) == &kMark;
  lua_pop(L, 2);
  return is_marked;
}

void push_target(lua_State* L, int index) {
  if (!is_readonly(L, index)) {
    lua_pushvalue(L, index);
    return;
  }
  lua_getmetatable(L, index);
  lua_pushliteral(L, "__index");
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

}  // namespace kvstash::scripting
