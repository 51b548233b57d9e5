// The table `redis` that scripts see: call, pcall, log, sha1hex, setresp, error_reply and others.
#pragma once

#include "scripting/lua.h"

#include <string_view>

namespace kvstash::scripting {

// Push the table: push_redis for scripts and functions that run, push_loading_redis for a library
// while it is loaded.
void push_redis(lua_State* L, std::string_view redis_version, bool is_for_functions);
void push_loading_redis(lua_State* L, std::string_view redis_version);

// A field in an error's table. It says that the error was counted when its command failed.
inline constexpr const char* kCountedField = "ignore_error_stats_update";

// Raises {err="ERR <message>"}, as the functions of `redis` do.
[[noreturn]] void raise_redis_error(lua_State* L, std::string_view message);

}  // namespace kvstash::scripting
