// table.sort. It takes the same steps as Lua's own, so that elements that compare equal end up in
// the same order; but it calls tick(), as some orders of elements take very long.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

int table_sort(lua_State* L);

}  // namespace kvstash::scripting
