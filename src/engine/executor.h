// Executor: runs one command against held shards, keeps its statistics, and lets its effects out by
// the one door, commit().
//
// One per shard, used on that shard's thread only; the shards a command touches may be others (the
// Hold), which then are parked.
#pragma once

#include "engine/call.h"
#include "engine/hold.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::engine {

class Executor {
 public:
  explicit Executor(Shard& shard) : shard_(&shard) {}

  // Runs a command whose gates are passed and writes its reply to `out`. Returns its duration.
  uint64_t run(const Command& command, Call::Args argv, const Hold& hold, Caller& caller,
               resp::ReplyBuffer& out, KeyPlaces places);

  // Runs what a client queued, unless a watched key has changed; its shards are held.
  void run_transaction(HoldGroup& group, Transaction& transaction, const Hold& hold);
  void run_queue(CommandQueue& queue, std::span<const WatchedKey> watched, const Hold& hold,
                 Caller& caller, resp::ReplyBuffer& out);

  // Counts an error reply that no command made (a gate refused, a command is unknown).
  void count_error(std::string_view message);

  // Makes room for a write if maxmemory is passed; false if it cannot be done.
  bool make_room(const Hold& hold);

 private:
  void commit(const Call& call, const Hold& hold);
  bool is_observed(const Hold& hold) const;

  Shard* shard_;
  Effects effects_;
};

}  // namespace kvstash::engine
