// redis.call and redis.pcall: run a command inside the script's own hold and with its own copy of
// the caller.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

int redis_call(lua_State* L);   // Raises an error reply as a Lua error.
int redis_pcall(lua_State* L);  // Returns an error reply as a value.
int redis_acl_check_cmd(lua_State* L);

}  // namespace kvstash::scripting
