// The Lua library, and the few functions through which this room uses it.
//
// Debian's liblua5.1-c++ is Lua 5.1 compiled as C++, so that a Lua error is an exception and runs
// the destructors of the frames it leaves. Lua errors never leave the room: whatever may raise one
// is called under lua_pcall. Everything here belongs to one Vm and its thread.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <string_view>

namespace kvstash::scripting {

inline void push(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// The bytes of a string. A number is converted to a string in place. The view is valid as long as
// the value is on the stack.
inline std::string_view text_at(lua_State* L, int index) {
  size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

inline std::string_view check_text(lua_State* L, int index) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

// Raises `message` as it is, without the position that luaL_error would prepend.
[[noreturn]] inline void raise(lua_State* L, std::string_view message) {
  push(L, message);
  lua_error(L);
  __builtin_unreachable();
}

// Raises `message` with the position of the Lua function that is running.
[[noreturn]] inline void raise_here(lua_State* L, std::string_view message) {
  luaL_where(L, 1);
  push(L, message);
  lua_concat(L, 2);
  lua_error(L);
  __builtin_unreachable();
}

struct LibraryFunction {
  const char* name;
  lua_CFunction function;
};

// Sets the functions as fields of the table on top of the stack.
template <size_t N>
void set_functions(lua_State* L, const LibraryFunction (&functions)[N]) {
  for (const LibraryFunction& entry : functions) {
    lua_pushcfunction(L, entry.function);
    lua_setfield(L, -2, entry.name);
  }
}

}  // namespace kvstash::scripting
