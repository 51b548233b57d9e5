// Sorted set commands: members with scores, in the order of the scores.
//
// Their rows are in sorted_set_table.cc; each runs on the thread that holds the shards of its keys.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// Changing members.
Status zadd(Call& call);
Status zincrby(Call& call);
Status zrem(Call& call);
Status zremrangebylex(Call& call);
Status zremrangebyrank(Call& call);
Status zremrangebyscore(Call& call);

// Asking about members.
Status zcard(Call& call);
Status zcount(Call& call);
Status zlexcount(Call& call);
Status zmscore(Call& call);
Status zrandmember(Call& call);
Status zrank(Call& call);
Status zrevrank(Call& call);
Status zscan(Call& call);
Status zscore(Call& call);

// Ranges.
Status zrange(Call& call);
Status zrangebylex(Call& call);
Status zrangebyscore(Call& call);
Status zrangestore(Call& call);
Status zrevrange(Call& call);
Status zrevrangebylex(Call& call);
Status zrevrangebyscore(Call& call);

// Popping members from an end; the last three commands wait if there is none.
Status zmpop(Call& call);
Status zpopmax(Call& call);
Status zpopmin(Call& call);
Status bzmpop(Call& call);
Status bzpopmax(Call& call);
Status bzpopmin(Call& call);

// Several sets at once.
Status zdiff(Call& call);
Status zdiffstore(Call& call);
Status zinter(Call& call);
Status zintercard(Call& call);
Status zinterstore(Call& call);
Status zunion(Call& call);
Status zunionstore(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound zmpop_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys);
engine::KeysFound bzmpop_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys);
engine::KeysFound zunion_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys);
engine::KeysFound zunionstore_keys(std::span<const std::string_view> argv,
                                   std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
