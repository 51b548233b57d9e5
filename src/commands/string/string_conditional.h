// String commands of later Redis versions: changes under a condition, and MSETEX, which sets many
// keys with one expiry. SET's own conditions are in string.cc.
//
// Their rows are in string_conditional_table.cc. Each runs on the thread that holds the shards of
// its keys. The journal gets their effects as commands that every version of Redis knows.
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

Status delifeq(Call& call);
Status delex(Call& call);
Status msetex(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound delex_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys);
engine::KeysFound msetex_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
