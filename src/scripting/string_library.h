// The functions of Lua's string and table libraries that the sandbox replaces: those that match
// patterns, those whose work is not bounded in Lua 5.1, and those that change a table without its
// metatable.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Each function sets fields of the library's table on top of the stack, which stays there.
void add_string_library(lua_State* L);
void add_table_library(lua_State* L);

}  // namespace kvstash::scripting
