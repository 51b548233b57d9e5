// ReplyReader: makes a Lua value from the bytes of a reply, for redis.call.
//
//   integer       number              null          false; nil in RESP3
//   bulk string   string              map           {map={...}}
//   status        {ok=...}            set           {set={...}}
//   error         {err=...}           double        {double=...}
//   array         table               boolean       boolean
//   big number    {big_number=...}    verbatim      {verbatim_string={format=..., string=...}}
//
// The bytes are a whole reply of our own. May raise Lua errors (memory, nesting).
#pragma once

#include "scripting/lua.h"

#include <string_view>

namespace kvstash::scripting {

// Pushes the value of the single reply in `bytes`.
void push_reply(lua_State* L, std::string_view bytes);

// The text of an error reply; empty if `bytes` are another reply.
std::string_view error_in(std::string_view bytes);

// Pushes the table that represents an error reply with this text.
void push_error(lua_State* L, std::string_view message);

}  // namespace kvstash::scripting
