// DeclaredKeys: which keys one run of a script or function may touch.
//
// By default any, and the run holds every shard. Where the directive `script-keys declared` or the
// flag `declared-keys` promises that scripts touch the keys alone that they are called with, a run
// holds the shards of those keys, and may touch what lies in their slots: the same keys at any
// number of shards.
#pragma once

#include "base/crc16.h"
#include "engine/options.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

// Whether a script with these ScriptFlags keeps to the keys that it is called with. A script that
// is called without any may touch all, and so may one that says allow-cross-slot-keys.
bool keeps_to_its_keys(uint32_t flags, bool has_keys, const engine::EngineOptions& options);

class DeclaredKeys {
 public:
  // Every key.
  DeclaredKeys() = default;
  // Those in the slots of `keys`, of which there is at least one.
  explicit DeclaredKeys(std::span<const std::string_view> keys);

  bool are_all() const { return slots_.empty(); }
  bool include(std::string_view key) const;

 private:
  std::vector<Slot> slots_;  // Ascending, each once.
};

}  // namespace kvstash::scripting
