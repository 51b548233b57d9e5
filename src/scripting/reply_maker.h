// A Lua value becomes a reply: what EVAL and FCALL answer.
//
//   number   integer, cut off          {ok=...}               status
//   string   bulk string               {err=...}              error
//   true     1 (RESP3: true)           {double=...}           double
//   false    null (RESP3: false)       {map=...} {set=...}    map, set
//   nil      null                      {big_number=...}       big number
//   table    array, up to its nil      {verbatim_string=...}  verbatim string
//
// Reads tables raw: no metamethod runs, so nothing here raises an error.
#pragma once

#include "base/result.h"
#include "engine/execution/executor.h"
#include "resp/reply_writer.h"
#include "scripting/lua.h"

namespace kvstash::scripting {

// What becomes of errors in a reply: they are counted, but for those that a command of the script
// made, which were counted when it failed.
struct ReplyErrors {
  engine::Telemetry* counter = nullptr;  // None: nobody counts.
  bool has_any = false;
};

// Pops the value on top of the stack and writes it. `script_resp` is what redis.setresp() chose.
// Error: it is too large, and what was written of it must be taken back.
Status write_value(lua_State* L, resp::ReplyWriter& to, resp::RespVersion script_resp,
                   ReplyErrors& errors);

}  // namespace kvstash::scripting
