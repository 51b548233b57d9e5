// redis.register_function: how a library registers its functions while it is loaded.
#pragma once

#include "scripting/libraries.h"
#include "scripting/lua.h"

#include <vector>

namespace kvstash::scripting {

struct RegisteredFunction {
  Function function;
  int reference = 0;  // The callback in the Vm.
};

// May be called only while Vm::load runs.
int redis_register_function(lua_State* L);

}  // namespace kvstash::scripting
