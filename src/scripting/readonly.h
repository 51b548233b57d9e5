// Read-only tables: tables that scripts share and must not change.
//
// Stock Lua has no read-only tables, so a script gets an empty stand-in whose metatable reads from
// the real table and refuses writes. Functions that access a table without its metatable (next,
// rawget, rawset, table.insert, ...) are replaced by ones that recognise stand-ins, so a script
// cannot tell the difference.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

inline constexpr std::string_view kReadonlyError = "Attempt to modify a readonly table";

// Replaces the table on top of the stack by a stand-in for it.
void make_readonly(lua_State* L);

bool is_readonly(lua_State* L, int index);

// Pushes the real table behind a stand-in; pushes the value itself if it is no stand-in.
void push_target(lua_State* L, int index);

// Raises kReadonlyError if the value is a stand-in.
inline void check_writable(lua_State* L, int index) {
  if (is_readonly(L, index)) raise(L, kReadonlyError);
}

}  // namespace kvstash::scripting
