// The SET commands: unordered collections of different members.
//
// Each is a function of one Call (engine/execution/call.h): it runs where the call's shards are
// held, and returns an Error, which becomes the reply, only if it has changed nothing. Rows:
// set_table.cc.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {
class Call;
}  // namespace kvstash::engine

namespace kvstash::commands {

using engine::Call;

// One member, or a few, of one set or two. set.cc
Status sadd(Call& call);
Status srem(Call& call);
Status smove(Call& call);
Status sismember(Call& call);
Status smismember(Call& call);
Status scard(Call& call);
Status smembers(Call& call);
Status sscan(Call& call);

// Random members. set_random.cc
Status spop(Call& call);
Status srandmember(Call& call);

// Several sets. set_algebra.cc
Status sinter(Call& call);
Status sinterstore(Call& call);
Status sintercard(Call& call);
Status sunion(Call& call);
Status sunionstore(Call& call);
Status sdiff(Call& call);
Status sdiffstore(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound sintercard_keys(std::span<const std::string_view> argv,
                                  std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
