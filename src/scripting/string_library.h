// The functions of Lua's string and table libraries that the sandbox replaces: those that match
// patterns, those whose work has no bound in Lua 5.1, and those that change a table without asking.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Each sets functions as fields of the library's table on top of the stack, which stays.
void add_string_library(lua_State* L);
void add_table_library(lua_State* L);

}  // namespace kvstash::scripting
