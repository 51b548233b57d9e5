// The library `cmsgpack`: Lua values as MessagePack and back, in the dialect of Redis: strings are
// raw bytes, tables with the keys 1..n are arrays, and tables nested deeper than 16 levels become
// nil.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

void push_cmsgpack_library(lua_State* L);

}  // namespace kvstash::scripting
