// What follows from the change of a key, whether a command, its deadline or eviction changed it.
//
// All code that changes a key under a hold calls these functions in the end; removals by the server
// itself are recorded here as well. Watched keys get a new version before any client is told, so
// that no client that was told of a change finds its watched key unchanged.
#pragma once

#include "engine/execution/hold.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::engine {

// A key with its shard and database. The name is a view.
struct HeldKey {
  ShardData& shard;  // Covered by the hold that it is used with.
  DbIndex db;
  std::string_view name;
};

// The client that changed a key.
struct Author {
  uint64_t client_id = 0;     // 0: no client, as when a key expires.
  bool is_by_script = false;  // Followers of prefixes treat a change by a script as no client's.
};

// Called when the key was made, changed or removed: marks it for clients that watch it, that wait
// for it and that cache it.
void note_change(const Hold& hold, const HeldKey& key, const Author& author);

// Called when the server itself removed the key or a part of it: notes the change, and writes
// `record` to the journal.
void note_removal(const Hold& hold, const HeldKey& key, std::span<const std::string_view> record);

// Counts a value that is freed lazily, if it is large enough to count.
void note_lazy_free(const Hold& hold, const store::Entry& entry);

}  // namespace kvstash::engine
