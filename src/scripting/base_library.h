// The basic functions of Lua that the sandbox replaces. next, pairs, rawget, rawset, getmetatable
// and setmetatable know read-only tables; load and loadstring take text only; pcall gives errors of
// redis.call as text, as Redis does; unpack and collectgarbage are bounded.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Sets these functions as fields of the table of globals on top of the stack, which stays there.
void add_base_library(lua_State* L);

// Replaces the three values on top of the stack by the function `getmetatable`. The values are: the
// globals, the table shown as their metatable, and the table shown as the metatable of strings. All
// scripts share the last two.
void push_getmetatable(lua_State* L);

// Parses a chunk of Lua text and pushes the function, or the error message. Returns a status as
// lua_load does. No garbage collection runs meanwhile: the parser of Lua 5.1 does not keep
// references to everything it uses.
int load_text(lua_State* L, std::string_view text, const char* chunk_name);

}  // namespace kvstash::scripting
