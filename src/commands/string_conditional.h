// Commands of later versions that change strings only if they are as the client expects, or many at
// once with one expiry. SET's own conditions are in string.cc.
//
// Their rows are in string_conditional_table.cc. Each runs on the thread that holds the shards of
// its keys. The journal gets what they did, in words that every version of Redis knows.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status delifeq(Call& call);
Status delex(Call& call);
Status msetex(Call& call);

}  // namespace kvstash::commands
