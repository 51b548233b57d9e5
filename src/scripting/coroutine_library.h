// coroutine.resume and coroutine.wrap within bounds: coroutines that resume coroutines use up the
// thread's stack, and Lua 5.1 does not limit that.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

// Sets these functions as fields of the library's table on top of the stack, which stays there.
void add_coroutine_library(lua_State* L);

}  // namespace kvstash::scripting
