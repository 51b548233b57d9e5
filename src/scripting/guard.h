// What functions of ours must call that could keep a script from ending: Lua looks at the time and
// at the depth of its own functions only.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// The script has done much work inside of one function. May raise an error: it is to end.
void tick(lua_State* L);

// The script's time is over: nothing it does is to go on.
bool is_ending(lua_State* L);

// Raises an error if the thread's stack is used up too far to call on. Coroutines that run in
// coroutines are not counted by Lua 5.1.
void check_depth(lua_State* L);

}  // namespace kvstash::scripting
