#include "engine/data/eviction.h"

#include "engine/data/key_changes.h"
#include "engine/execution/keyspace_events.h"
#include "engine/options.h"
#include "engine/shard_set.h"

#include <array>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

size_t evictable_keys(const store::Keyspace& space, EvictionPolicy policy) {
  ensure(space.deadlines().size() <= space.size());
  if (policy == EvictionPolicy::kNoEviction) return 0;
  return policy <= EvictionPolicy::kVolatileTtl ? space.deadlines().size() : space.size();
}

store::EvictionRule rule_of(const EngineOptions& options) {
  using store::EvictionOrder;
  store::EvictionRule rule{.samples = static_cast<size_t>(options.maxmemory_samples),
                           .lfu_decay_time_min = options.lfu_decay_time_min};
  switch (options.maxmemory_policy) {
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kAllkeysLru:
    case EvictionPolicy::kNoEviction:
      rule.order = EvictionOrder::kLru;
      break;
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kAllkeysLfu:
      rule.order = EvictionOrder::kLfu;
      break;
    case EvictionPolicy::kVolatileRandom:
    case EvictionPolicy::kAllkeysRandom:
      rule.order = EvictionOrder::kRandom;
      break;
    case EvictionPolicy::kVolatileTtl:
      rule.order = EvictionOrder::kTtl;
      break;
  }
  rule.volatile_only = options.maxmemory_policy <= EvictionPolicy::kVolatileTtl;
  return rule;
}

bool is_lfu(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kAllkeysLfu;
}

bool is_over_limit(const ShardSet& set) {
  return set.memory_used() > set.memory_limit();
}

// Evicts on one shard and subtracts each key from `budget`. False: the shard has no key to evict.
bool evict_from(const Hold& hold, ShardData& shard, size_t& budget) {
  publish_memory(hold.set(), shard);
  while (budget != 0 && is_over_limit(hold.set())) {
    if (!evict_one(hold, shard)) return false;
    --budget;
    publish_memory(hold.set(), shard);
  }
  return true;
}

}  // namespace

// The number of keys that may be evicted is published with the bytes, so that every shard knows
// whether another has keys to evict.
void publish_memory(ShardSet& set, ShardData& shard) {
  const EngineOptions& options = set.options();
  size_t evictable = 0;
  shard.each_keyspace([&](DbIndex, const store::Keyspace& space) {
    evictable += evictable_keys(space, options.maxmemory_policy);
  });
  set.publish_memory(
      shard.id(), {.bytes = shard.bytes(), .mapped = shard.mapped_bytes(), .evictable = evictable});
  const uint64_t limit = set.memory_limit();
  if (limit == 0) {
    shard.set_memory_goal(SIZE_MAX);
    return;
  }
  // All shards may use up the free memory at the same time, so each gets its part of it.
  const uint64_t used = set.memory_used();
  shard.set_memory_goal(used > limit ? 0 : shard.memory().bytes + (limit - used) / set.size());
}

bool evict_one(const Hold& hold, ShardData& shard) {
  ensure(hold.covers(shard.id()) && hold.mode() == HoldMode::kLive);
  const EngineOptions& options = hold.options();
  if (options.maxmemory_policy == EvictionPolicy::kNoEviction) return false;
  std::vector<store::Keyspace*> spaces(shard.database_count(), nullptr);
  shard.each_keyspace([&](DbIndex db, store::Keyspace& space) {
    if (space.size() != 0) spaces[static_cast<size_t>(db)] = &space;
  });
  const auto victim =
      shard.victims().choose(spaces, rule_of(options), hold.now_ms(), hold.random());
  ensure(shard.victims().size() <= store::EvictionPool::kCandidatesMax);
  if (!victim) return false;
  const std::string name(victim->entry->key());
  const HeldKey key{shard, static_cast<DbIndex>(victim->space), name};
  if (options.lazyfree_lazy_eviction) note_lazy_free(hold, *victim->entry);
  spaces[victim->space]->erase(shard.ref(name), victim->entry);
  ++hold.stats().evicted;
  note_removal(hold, key, std::array<std::string_view, 2>{"DEL", name});
  tell_event(hold, key, notify::kEvicted, "evicted");
  return true;
}

EvictionEnd evict(const Hold& hold, size_t budget) {
  ShardSet& set = hold.set();
  if (set.memory_limit() == 0) {
    set.note_exceeding(false, hold.now_ms());
    return EvictionEnd::kKept;
  }
  set.measure_overhead(hold.now_ms());
  bool has_more = false;
  hold.each([&](ShardData& shard) {
    const bool may_have_more = evict_from(hold, shard, budget);
    has_more = has_more || may_have_more;
  });
  const bool is_over = is_over_limit(set);
  set.note_exceeding(is_over, hold.now_ms());
  if (!is_over) return EvictionEnd::kKept;
  return has_more ? EvictionEnd::kBudgetUsed : EvictionEnd::kNothingToGive;
}

uint32_t access_clock(const Hold& hold, uint32_t before) {
  const EngineOptions& options = hold.set().options();
  if (!is_lfu(options.maxmemory_policy)) return store::lru_clock(hold.now_ms());
  return store::lfu_touch(
      before, hold.now_ms(),
      {.log_factor = options.lfu_log_factor, .decay_time_min = options.lfu_decay_time_min},
      hold.random());
}

uint32_t access_clock_of_new(const Hold& hold) {
  const EngineOptions& options = hold.set().options();
  return is_lfu(options.maxmemory_policy) ? store::lfu_fresh(hold.now_ms())
                                          : store::lru_clock(hold.now_ms());
}

}  // namespace kvstash::engine
