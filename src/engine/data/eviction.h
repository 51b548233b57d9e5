// Eviction: removes keys that the policy selects until memory is within maxmemory.
//
// One loop serves all callers: a command that needs room, a command that took too much, the turns
// of a shard, and a hold of all shards. Each gives it a hold and a budget of keys.
#pragma once

#include "engine/execution/hold.h"

#include <cstddef>
#include <cstdint>

namespace kvstash::engine {

// Publishes to all shards how much memory the shard's data takes and how many keys it can evict,
// and sets the goal below which the shard need not check the limit.
void publish_memory(ShardSet& set, ShardData& shard);

// Evicts one key of the shard, which is covered, by the policy. False: it has no key to evict.
bool evict_one(const Hold& hold, ShardData& shard);

enum class EvictionEnd : uint8_t {
  kKept,  // Memory is within the limit, or there is no limit.
  // Memory is over the limit; the covered shards may have more keys to evict.
  kBudgetUsed,
  kNothingToGive,  // Memory is over the limit; the covered shards have no key to evict.
};

// Evicts at most `budget` keys on the covered shards, until memory is within maxmemory.
EvictionEnd evict(const Hold& hold, size_t budget);

// The access clock for an entry that is used now: access_clock() for an entry that has the clock
// `before`, access_clock_of_new() for a new one.
uint32_t access_clock(const Hold& hold, uint32_t before);
uint32_t access_clock_of_new(const Hold& hold);

}  // namespace kvstash::engine
