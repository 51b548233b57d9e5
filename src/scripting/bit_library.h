// The library `bit`: 32-bit arithmetic, as in Lua BitOp, which Redis has.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

void push_bit_library(lua_State* L);

}  // namespace kvstash::scripting
