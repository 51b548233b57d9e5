// Makes a reply from a Lua value, for EVAL and FCALL.
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
#include "engine/telemetry/telemetry.h"
#include "resp/reply_writer.h"
#include "scripting/lua.h"

namespace kvstash::scripting {

// Counts the errors in a reply, except those that came from a command of the script: they were
// counted when that command failed.
struct ReplyErrors {
  engine::Telemetry* counter = nullptr;  // Null: errors are not counted.
  bool has_any = false;
};

// Pops the value on top of the stack and writes it. `script_resp` is the version chosen by
// redis.setresp(). Error: the reply is too large, and the caller must take back what was written.
Status write_value(lua_State* L, resp::ReplyWriter& to, resp::RespVersion script_resp,
                   ReplyErrors& errors);

}  // namespace kvstash::scripting
