// ShardData: the data of one shard, which a hold lends to the code that runs under it: the shard's
// slice of every database, and tables about its keys (watched, waited for, cached, hot).
//
// It knows nothing of sessions, threads, messages or the journal. It belongs to a Shard and is
// touched only by the thread that holds that shard (engine/execution/hold.h); nothing in it is
// thread-safe.
#pragma once

#include "base/ensure.h"
#include "base/hash.h"
#include "engine/execution/blocked_keys.h"
#include "engine/execution/key.h"
#include "engine/execution/watch.h"
#include "engine/telemetry/hot_keys.h"
#include "engine/tracking/broadcast_table.h"
#include "engine/tracking/tracking_table.h"
#include "store/eviction.h"
#include "store/keyspace.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kvstash::engine {

class ShardData {
 public:
  struct Setup {
    size_t id;         // The shard's id, from 0.
    size_t databases;  // The number of databases; at least one.
    HashSeed seed;     // The same on all shards of a process.
    // Seed for the sample of look-ups from which hot keys are found.
    uint64_t sample_seed;
    int64_t now_ms;  // Wall clock, since 1970.
  };
  explicit ShardData(const Setup& setup);
  ~ShardData();
  ShardData(const ShardData&) = delete;
  ShardData& operator=(const ShardData&) = delete;

  size_t id() const { return id_; }
  const HashSeed& seed() const { return seed_; }
  // The key with its hash. The reference is a view of `name`.
  store::KeyRef ref(std::string_view name) const { return {name, keyed_hash(name, seed_)}; }

  // ---- Databases.
  size_t database_count() const { return databases_.size(); }
  // The keyspace of a database; made when it is first asked for.
  store::Keyspace& keyspace(DbIndex db) {
    std::unique_ptr<store::Keyspace>& space = slot(db);
    if (space == nullptr) [[unlikely]]
      make(space);
    return *space;
  }
  // The keyspace, or null if nothing was ever stored in the database.
  store::Keyspace* keyspace_if_any(DbIndex db) { return slot(db).get(); }
  const store::Keyspace* keyspace_if_any(DbIndex db) const {
    return databases_[index_of(db)].get();
  }
  // Calls visit(db, keyspace) for each database that was ever stored into, in the order of their
  // numbers.
  template <typename Visit>
  void each_keyspace(Visit&& visit) {
    for (size_t db = 0; db < databases_.size(); ++db) {
      if (databases_[db] != nullptr) visit(static_cast<DbIndex>(db), *databases_[db]);
    }
  }
  template <typename Visit>
  void each_keyspace(Visit&& visit) const {
    for (size_t db = 0; db < databases_.size(); ++db) {
      if (databases_[db] != nullptr)
        visit(static_cast<DbIndex>(db), static_cast<const store::Keyspace&>(*databases_[db]));
    }
  }
  // Takes the keyspace out, if there is one; the database is empty afterwards.
  std::unique_ptr<store::Keyspace> take_keyspace(DbIndex db) { return std::move(slot(db)); }
  // Exchanges two databases. The candidates for eviction are forgotten.
  void exchange(DbIndex a, DbIndex b);

  // ---- Memory.
  store::ShardMemory& memory() { return memory_; }
  const store::ShardMemory& memory() const { return memory_; }
  size_t bytes() const;  // Entries, values, bucket arrays and timing wheels.
  // The part of bytes() that was mapped past the allocator.
  size_t mapped_bytes() const;
  // While memory().bytes is below this goal, memory is certainly within maxmemory and the limit is
  // not checked. Set by publish_memory (eviction.h); 0 before.
  void set_memory_goal(size_t bytes) { memory_goal_ = bytes; }
  bool is_within_memory() const { return memory_.bytes < memory_goal_; }
  store::EvictionPool& victims() { return victims_; }  // The candidates for eviction.
  // Called when a command here took memory over the limit: the eviction over all shards of that
  // number is to be over before the shard's next command (ShardSet::evictions_over). 0: none was
  // awaited yet.
  void await_eviction(uint64_t number) {
    ensure(number >= awaited_eviction_);
    awaited_eviction_ = number;
  }
  uint64_t awaited_eviction() const { return awaited_eviction_; }

  // While clients are paused, keys that are due stay in memory, and commands that read do not see
  // them.
  void keep_due_keys(bool are_kept) { keeps_due_keys_ = are_kept; }
  bool keeps_due_keys() const { return keeps_due_keys_; }

  // ---- Tables about keys.
  WatchTable& watches() { return watches_; }
  BlockedKeys& blocked_keys() { return blocked_keys_; }
  const BlockedKeys& blocked_keys() const { return blocked_keys_; }
  // Which clients have read which keys, and which follow which prefixes (CLIENT TRACKING). Tracking
  // maintains both.
  TrackingTable& readers() { return readers_; }
  BroadcastTable& prefixes() { return prefixes_; }
  HotKeys& hot_keys() { return hot_keys_; }
  // Whether the change of some key must be reported to a table here.
  bool has_listeners() const { return !watches_.empty() || !blocked_keys_.empty() || is_tracked(); }
  bool is_tracked() const { return !readers_.empty() || !prefixes_.empty(); }

 private:
  size_t index_of(DbIndex db) const {
    const auto index = static_cast<size_t>(db);
    ensure(index < databases_.size());
    return index;
  }
  std::unique_ptr<store::Keyspace>& slot(DbIndex db) { return databases_[index_of(db)]; }
  void make(std::unique_ptr<store::Keyspace>& space);

  size_t id_;
  HashSeed seed_;
  // Timing wheels begin at this time and catch up at their first turn.
  int64_t born_ms_;
  store::ShardMemory memory_;
  size_t memory_goal_ = 0;
  uint64_t awaited_eviction_ = 0;
  std::vector<std::unique_ptr<store::Keyspace>> databases_;
  WatchTable watches_;
  BlockedKeys blocked_keys_;
  TrackingTable readers_;
  BroadcastTable prefixes_;
  HotKeys hot_keys_;
  store::EvictionPool victims_;
  bool keeps_due_keys_ = false;
};

}  // namespace kvstash::engine
