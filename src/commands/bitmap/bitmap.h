// Bitmap commands: strings as arrays of bits. The first bit is the highest bit of the first byte.
//
// Their rows are in bitmap_table.cc. Each runs on the thread that holds the shards of its keys.
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

Status getbit(Call& call);
Status setbit(Call& call);
Status bitcount(Call& call);
Status bitpos(Call& call);
Status bitop(Call& call);
Status bitfield(Call& call);
Status bitfield_ro(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound bitfield_keys(std::span<const std::string_view> argv,
                                std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
