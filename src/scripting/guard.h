// Checks for our own functions that could keep a script from ending. Lua checks time and depth only
// for its own functions.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Must be called after much work inside one function. Raises an error if the script is to end.
void tick(lua_State* L);

// Whether the script is to end: then none of its code may run any more.
bool is_ending(lua_State* L);

// Raises an error if so much of the thread's stack is used that no further call is safe. Lua 5.1
// does not count coroutines that run in coroutines.
void check_depth(lua_State* L);

}  // namespace kvstash::scripting
