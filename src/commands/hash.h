// The HASH commands: maps of fields to values, whose fields may have deadlines of their own.
//
// Each is a function of one Call (engine/call.h): it runs where the call's shards are held, and
// returns an Error, which becomes the reply, only if it has changed nothing. A field whose deadline
// has passed counts as absent, whether or not it has been removed yet. Rows: hash_table.cc.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}  // namespace kvstash::engine

namespace kvstash::commands {

using engine::Call;

// Writing. hash.cc
Status hset(Call& call);
Status hmset(Call& call);
Status hsetnx(Call& call);
Status hdel(Call& call);
Status hincrby(Call& call);
Status hincrbyfloat(Call& call);

// Reading. hash_read.cc
Status hget(Call& call);
Status hmget(Call& call);
Status hgetall(Call& call);
Status hkeys(Call& call);
Status hvals(Call& call);
Status hlen(Call& call);
Status hexists(Call& call);
Status hstrlen(Call& call);

// Walking, in steps. hash_scan.cc
Status hscan(Call& call);

// Choosing at random. hash_random.cc
Status hrandfield(Call& call);

}  // namespace kvstash::commands
