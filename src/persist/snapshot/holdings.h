// Holdings: what the snapshots of one shard hold on to: the watches of large values, and keyspaces
// that were flushed before a snapshot was done with them.
//
// A keyspace is kept for the walks that have not finished it, and for the watched values in it: a
// value may have come there from another database. Lives on one shard's thread.
#pragma once

#include "persist/snapshot/value_watch.h"
#include "store/keyspace.h"

#include <cstddef>
#include <map>
#include <memory>

namespace kvstash::persist {

class ShardSnapshots;

class Holdings {
 public:
  Holdings(ShardSnapshots& owner, store::Garbage& garbage) : owner_(&owner), garbage_(&garbage) {}
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;
  ~Holdings() { ensure(watches_.empty() && kept_.empty()); }

  // Returns the watch of an entry's large value; begins it if there is none.
  ValueWatch& watch(store::Keyspace& space, const store::Entry& entry);
  // Removes a snapshot's view of the value, and ends the watch if it was the last.
  void unwatch(ValueWatch& watch, store::Mark mark);
  // Takes a watch over from another shard. Both shards must be held.
  void take(ValueWatch& watch);

  // Takes a keyspace that is about to be dropped, if it is needed: by `walks` walks, or by watched
  // values.
  void keep(std::unique_ptr<store::Keyspace>& space, size_t walks);
  bool keeps(const store::Keyspace& space) const { return kept_.contains(&space); }
  // A walk is done with the keyspace.
  void let_go(const store::Keyspace& space);

  ShardSnapshots& owner() const { return *owner_; }
  store::Garbage& garbage() { return *garbage_; }

 private:
  struct Kept {
    std::unique_ptr<store::Keyspace> space;
    size_t holders;  // Walks and watches.
  };

  ShardSnapshots* owner_;
  store::Garbage* garbage_;
  std::map<const ValueWatch*, std::unique_ptr<ValueWatch>> watches_;
  std::map<const store::Keyspace*, Kept> kept_;
};

}  // namespace kvstash::persist
