// ClientMemory: the memory that the connections of one shard hold, kept up to date as it changes.
//
// Two sums, in bytes: `memory`, all that a connection has (unread input, arguments, its queue,
// replies), which maxmemory-clients bounds, and `unsent`, the replies that wait to be read, which
// client-unsent-total-limit bounds. A connection is counted anew after each read and each write,
// and in the middle of a turn whenever its output has grown by a step. Both sums are published to
// the ShardSet, so that every shard sees those of all without a lock.
//
// One per shard, used on its thread or on a thread that holds the shard.
#pragma once

#include "engine/client/session.h"

#include <cstddef>

namespace kvstash::engine {

class ShardSet;

class ClientMemory {
 public:
  ClientMemory(ShardSet& set, size_t shard) : set_(&set), shard_(shard) {}

  // Counts what `session` holds now. With CLIENT NO-EVICT, or if it is a replica's, it
  // does not count in memory(); if its connection is gone or killed it counts nowhere.
  void count(Session& session);
  // Removes the session from the sums: it ends, or is about to.
  void forget(Session& session);

  size_t memory() const { return memory_; }
  size_t unsent() const { return unsent_; }

 private:
  void set(Session& session, Session::Counted now);

  ShardSet* set_;
  size_t shard_;
  size_t memory_ = 0;
  size_t unsent_ = 0;
};

}  // namespace kvstash::engine
