// redis.call and redis.pcall: a script asks for a command, which runs inside the script's own hold
// and for its own copy of the caller.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

int redis_call(lua_State* L);   // An error reply is raised.
int redis_pcall(lua_State* L);  // An error reply is a value.
int redis_acl_check_cmd(lua_State* L);

}  // namespace kvstash::scripting
