// The basic functions of Lua that the sandbox replaces, and what they may do: next, pairs, rawget,
// rawset, getmetatable and setmetatable know read-only tables; load and loadstring take text only;
// pcall gives errors of redis.call as text, as Redis does; unpack and collectgarbage are bounded.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Sets the functions as fields of the table of globals on top of the stack, which stays.
void add_base_library(lua_State* L);

// Replaces the three values on top of the stack by `getmetatable`: the globals, what is shown as
// their metatable, what is shown as the metatable of strings. Scripts share these two.
void push_getmetatable(lua_State* L);

// Reads a chunk of Lua text and pushes the function, or the message of what is wrong with it; a
// status as of lua_load. No collection runs meanwhile: the parser of Lua 5.1 does not hold on to
// everything it works on.
int load_text(lua_State* L, std::string_view text, const char* chunk_name);

}  // namespace kvstash::scripting
