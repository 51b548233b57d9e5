#include "engine/data/databases.h"

#include "engine/data/expiry.h"

#include <string>
#include <utility>
#include <vector>

namespace kvstash::engine {
namespace {

// A synchronous flush frees the database on the spot if the shard holds no more than this; a larger
// one is freed by the reaper.
constexpr size_t kFlushHereBytesMax = size_t{512} << 10;

store::Entry* find(ShardData& shard, DbIndex db, std::string_view key) {
  const store::Keyspace* space = shard.keyspace_if_any(db);
  return space == nullptr ? nullptr : space->find(shard.ref(key));
}

void flush_on(const Hold& hold, ShardData& shard, DbIndex db, FlushMode mode) {
  const store::Keyspace* space = shard.keyspace_if_any(db);
  if (space == nullptr || space->size() == 0) return;
  shard.watches().touch_all(
      db, [&](std::string_view key) { return space->find(shard.ref(key)) != nullptr; });
  hold.stats().dirty += space->size();
  if (mode == FlushMode::kAsync) hold.stats().lazily_freed += space->size();
  shard.blocked_keys().note_changes(db);
  const bool is_freed_here = mode == FlushMode::kSync && shard.memory().bytes <= kFlushHereBytesMax;
  store::Keyspace::drop(shard.take_keyspace(db), is_freed_here ? store::Keyspace::Free::kHere
                                                               : store::Keyspace::Free::kByReaper);
  ensure(shard.keyspace_if_any(db) == nullptr);
}

// Raises the versions of watched keys for which `db`, which gets the content of `other`, changes. A
// watched key that is in neither database does not change. Nor does one that only an expired key
// would replace: that key is removed at once.
void touch_swapped(const Hold& hold, ShardData& shard, DbIndex db, DbIndex other) {
  std::vector<std::string> stale;
  shard.watches().touch_all(db, [&](std::string_view key) {
    const store::Entry* next = find(shard, other, key);
    const bool is_stale = next != nullptr && next->is_expired(hold.horizon_ms());
    if (is_stale) stale.emplace_back(key);
    return find(shard, db, key) != nullptr || (next != nullptr && !is_stale);
  });
  for (const std::string& key : stale)
    expire_due(hold, {shard, other, key}, find(shard, other, key));
}

}  // namespace

void flush_db(const Hold& hold, DbIndex db, FlushMode mode) {
  hold.each([&](ShardData& shard) { flush_on(hold, shard, db, mode); });
}

void swap_db(const Hold& hold, DbIndex a, DbIndex b) {
  ensure(hold.covers_all());
  if (a == b) return;
  hold.each([&](ShardData& shard) {
    touch_swapped(hold, shard, a, b);
    touch_swapped(hold, shard, b, a);
    shard.exchange(a, b);
    shard.blocked_keys().note_changes(a);
    shard.blocked_keys().note_changes(b);
  });
}

}  // namespace kvstash::engine
