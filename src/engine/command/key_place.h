// KeyPlace: where a key of a command lives: its hash and its shard, found out once, when the
// command is looked at ahead of its run, and carried along wherever the command goes.
#pragma once

#include <cstdint>
#include <span>

namespace kvstash::engine {

struct KeyPlace {
  uint64_t hash;   // Under the set's seed.
  uint32_t shard;  // 0 when there is one shard only.
};

// The places of a command's keys, in the order of the keys. Empty: not looked up, because the keys
// are not plain (Command::has_plain_keys) or too many.
using KeyPlaces = std::span<const KeyPlace>;

// Commands with more keys than this find their places as they run.
inline constexpr size_t kKeyPlacesMax = 256;

}  // namespace kvstash::engine
