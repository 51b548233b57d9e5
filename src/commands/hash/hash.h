// The HASH commands: maps of fields to values, whose fields may have deadlines of their own.
//
// Each is a function of one Call (engine/execution/call.h): it runs where the call's shards are
// held, and returns an Error, which becomes the reply, only if it has changed nothing. A field
// whose deadline has passed counts as absent, whether or not it has been removed yet. Rows:
// hash_table.cc.
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

// Deadlines of fields. hash_expire.cc
Status hexpire(Call& call);
Status hpexpire(Call& call);
Status hexpireat(Call& call);
Status hpexpireat(Call& call);
Status httl(Call& call);
Status hpttl(Call& call);
Status hexpiretime(Call& call);
Status hpexpiretime(Call& call);
Status hpersist(Call& call);

// Several fields at once, with their deadlines or their removal. hash_getset.cc
Status hgetex(Call& call);
Status hsetex(Call& call);
Status hgetdel(Call& call);

// Walking, in steps. hash_scan.cc
Status hscan(Call& call);

// Choosing at random. hash_random.cc
Status hrandfield(Call& call);

}  // namespace kvstash::commands
