// Who learns that a key changed, whatever changed it: a command, its deadline, eviction.
//
// Everything that changes a key under a hold ends here, and what the server itself removes is
// recorded here as well. Watchers are told before anybody else, so that nobody who heard of a
// change finds it unnoticed.
#pragma once

#include "engine/execution/hold.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::engine {

// A key, and where it stands. The name is a view.
struct HeldKey {
  ShardData& shard;  // Covered by the hold it is used with.
  DbIndex db;
  std::string_view name;
};

// The client that changed a key.
struct Author {
  uint64_t client_id = 0;     // 0: none, as when a key expires.
  bool is_by_script = false;  // Followers of prefixes take what a script does as nobody's.
};

// The key was made, changed or removed: its watchers, those who wait for it and those who cache it
// learn it.
void note_change(const Hold& hold, const HeldKey& key, const Author& author);

// The server itself removed the key or a part of it: notes the change, and writes `record`.
void note_removal(const Hold& hold, const HeldKey& key, std::span<const std::string_view> record);

// Counts a value that is given up lazily, if it is large enough to count.
void note_lazy_free(const Hold& hold, const store::Entry& entry);

}  // namespace kvstash::engine
