// HOTKEYS: the keys that are used most, according to the samples of each shard
// (engine/telemetry/hot_keys.h).
//
// The rows are in hot_keys_table.cc. The commands run on the connection's shard and ask all shards.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status hotkeys_get(Call& call);
Status hotkeys_help(Call& call);
Status hotkeys_reset(Call& call);

}  // namespace kvstash::commands
