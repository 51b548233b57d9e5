// ReplyReader: a reply of ours, as bytes, becomes a Lua value: what redis.call gives.
//
//   integer       number              null          false; nil in RESP3
//   bulk string   string              map           {map={...}}
//   status        {ok=...}            set           {set={...}}
//   error         {err=...}           double        {double=...}
//   array         table               boolean       boolean
//   big number    {big_number=...}    verbatim      {verbatim_string={format=..., string=...}}
//
// The bytes are our own and whole. May raise Lua errors (memory, nesting).
#pragma once

#include "scripting/lua.h"

#include <string_view>

namespace kvstash::scripting {

// Pushes the value of the one reply in `bytes`.
void push_reply(lua_State* L, std::string_view bytes);

// The text of an error reply, or an empty view.
std::string_view error_in(std::string_view bytes);

// Pushes the table that stands for an error reply of this text.
void push_error(lua_State* L, std::string_view message);

}  // namespace kvstash::scripting
