// KeyPlace: where a key of a command lives: its hash and its shard, worked out once, before the
// command runs, and carried along wherever the command goes.
#pragma once

#include <cstdint>
#include <span>

namespace kvstash::engine {

struct KeyPlace {
  uint64_t hash;   // The key's hash under the set's seed.
  uint32_t shard;  // 0 when there is one shard only.
};

// The places of a command's keys, in the order of the keys. Empty: they were not worked out,
// because the keys are not plain (Command::has_plain_keys) or too many.
using KeyPlaces = std::span<const KeyPlace>;

// A command with more keys than this works out their places as it runs.
inline constexpr size_t kKeyPlacesMax = 256;

}  // namespace kvstash::engine
