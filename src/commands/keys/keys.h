// Key commands: operations on a key that do not depend on the type of its value.
//
// Their rows are in keys_table.cc. Each runs on the thread that holds the shards of its keys. The
// commands that ask all shards run on the connection's shard.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status del(Call& call);
Status unlink(Call& call);
Status exists(Call& call);
Status touch(Call& call);
Status type(Call& call);
Status rename(Call& call);
Status renamenx(Call& call);
Status copy(Call& call);
Status move(Call& call);

// Time to live.
Status expire(Call& call);
Status pexpire(Call& call);
Status expireat(Call& call);
Status pexpireat(Call& call);
Status expiretime(Call& call);
Status pexpiretime(Call& call);
Status ttl(Call& call);
Status pttl(Call& call);
Status persist(Call& call);

// Commands that ask all shards.
Status keys(Call& call);
Status scan(Call& call);
Status randomkey(Call& call);

// OBJECT, and MEMORY USAGE (the MEMORY container is in src/server).
Status object_encoding(Call& call);
Status object_freq(Call& call);
Status object_help(Call& call);
Status object_idletime(Call& call);
Status object_refcount(Call& call);
Status memory_usage(Call& call);

}  // namespace kvstash::commands
