// DeclaredKeys: which keys one run of a script or function may touch.
//
// By default a run may touch any key, and holds every shard. The directive `script-keys declared`
// and the flag `declared-keys` promise that scripts touch only the keys that they are called with.
// Such a run holds the shards of those keys, and may touch every key in their slots, so what it may
// touch does not depend on the number of shards.
#pragma once

#include "base/crc16.h"
#include "engine/options.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

// Whether a script with these ScriptFlags may touch only the keys that it is called with. A script
// that is called without keys may touch all keys, and so may one with the flag
// allow-cross-slot-keys.
bool keeps_to_its_keys(uint32_t flags, bool has_keys, const engine::EngineOptions& options);

class DeclaredKeys {
 public:
  // Permits every key.
  DeclaredKeys() = default;
  // Permits the keys in the slots of `keys`, which is not empty.
  explicit DeclaredKeys(std::span<const std::string_view> keys);

  bool are_all() const { return slots_.empty(); }
  bool include(std::string_view key) const;

 private:
  std::vector<Slot> slots_;  // Ascending, without duplicates.
};

}  // namespace kvstash::scripting
