// List commands: sequences of elements that are pushed and popped at both ends.
//
// Their rows are in list_table.cc. Each runs on the thread that holds the shards of its keys. The
// blocking commands (B...) do the same as the commands without the B, and wait if there is no
// element.
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

// Adding, reading and changing elements.
Status lpush(Call& call);
Status rpush(Call& call);
Status lpushx(Call& call);
Status rpushx(Call& call);
Status llen(Call& call);
Status lindex(Call& call);
Status lrange(Call& call);
Status lset(Call& call);
Status linsert(Call& call);
Status lrem(Call& call);
Status ltrim(Call& call);
Status lpos(Call& call);

// Taking elements from the ends.
Status lpop(Call& call);
Status rpop(Call& call);
Status lmpop(Call& call);
Status blpop(Call& call);
Status brpop(Call& call);
Status blmpop(Call& call);

// From one list to another.
Status lmove(Call& call);
Status rpoplpush(Call& call);
Status blmove(Call& call);
Status brpoplpush(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound lmpop_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys);
engine::KeysFound blmpop_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
