// Eviction: keys that the policy lets go are given up until maxmemory is kept.
//
// One loop serves everybody who evicts: a command that needs room, a command that took too much,
// the turns of a shard, and a hold of all shards. Each gives it a hold and a budget of keys.
#pragma once

#include "engine/execution/hold.h"

#include <cstddef>
#include <cstdint>

namespace kvstash::engine {

// Tells all shards what the shard's data takes and what of it may go, and sets the goal below which
// the shard need not look at the limit.
void publish_memory(ShardSet& set, ShardData& shard);

// Evicts one key of the shard, which is covered, by the policy; false if there is none to evict.
bool evict_one(const Hold& hold, ShardData& shard);

enum class EvictionEnd : uint8_t {
  kKept,           // The limit is kept, or there is none.
  kBudgetUsed,     // It is not; the covered shards may have more to give.
  kNothingToGive,  // It is not, and they have not.
};

// Evicts on the covered shards, at most `budget` keys, until maxmemory is kept.
EvictionEnd evict(const Hold& hold, size_t budget);

// The access clock that an entry touched now gets. `before` is the one it has; a new one has none.
uint32_t access_clock(const Hold& hold, uint32_t before);
uint32_t access_clock_of_new(const Hold& hold);

}  // namespace kvstash::engine
