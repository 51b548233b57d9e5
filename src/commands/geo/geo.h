// Geo commands: sorted sets whose scores are places on Earth (store/geohash.h).
//
// Their rows are in geo_table.cc; each runs on the thread that holds the shards of its keys.
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

Status geoadd(Call& call);
Status geodist(Call& call);
Status geohash(Call& call);
Status geopos(Call& call);

// Searches.
Status georadius(Call& call);
Status georadius_ro(Call& call);
Status georadiusbymember(Call& call);
Status georadiusbymember_ro(Call& call);
Status geosearch(Call& call);
Status geosearchstore(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound georadius_keys(std::span<const std::string_view> argv,
                                 std::vector<engine::KeyAt>& keys);
engine::KeysFound georadiusbymember_keys(std::span<const std::string_view> argv,
                                         std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
