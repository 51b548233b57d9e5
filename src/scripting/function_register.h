// redis.register_function: what a library does while it is loaded.
#pragma once

#include "scripting/libraries.h"
#include "scripting/lua.h"

#include <vector>

namespace kvstash::scripting {

struct RegisteredFunction {
  Function function;
  int reference = 0;  // Of the callback, in the Vm.
};

// Only while Vm::load runs.
int redis_register_function(lua_State* L);

}  // namespace kvstash::scripting
