// HoldGroup: transactions over several shards that share one rendezvous.
//
// The group is pushed to the mailboxes of all its shards under the set's enqueue lock, so any two
// groups stand in the same order in every mailbox they share. A shard that reaches it sends all it
// has, counts itself in and parks; the last one to arrive runs the transactions on its own thread,
// with all the shards held, and lets the others go. After counting itself in, a parked shard never
// reads the group again: it waits on a word of its own. A shard that is busy with a script refuses
// the group and does not park (busy_turns.cc).
//
// Owned by its home shard, which gets it back as a kHoldDone message and reuses it.
#pragma once

#include "base/ensure.h"
#include "engine/execution/multi.h"
#include "engine/execution/waiter.h"
#include "engine/traffic/batch.h"
#include "engine/traffic/busy.h"

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace kvstash::engine {

// A unit of work for which shards are held: one command over several keys, a client's MULTI queue,
// a waiter that was woken, or an action of the server itself, which has no session and no reply.
struct Transaction : Passenger {
  std::unique_ptr<CommandQueue> queue;
  std::vector<WatchedKey> watched;
  std::function<void(const Hold&)> action;
  // A woken waiter whose command is to be run again, if it still waits.
  std::shared_ptr<Waiter> woken;

  // Filled in by the executor.
  std::shared_ptr<Waiter> waiter;  // The command found nothing, and became this waiter.
  bool is_over = false;  // The transaction was answered before the group was over (busy_turns.cc).
};

struct HoldGroup : Message, Carriage {
  HoldGroup() : Message(Kind::kHoldDone) {}

  // The message to one shard of the group. The group itself is the message home.
  struct Arrival : Message {
    Arrival() : Message(Kind::kHold) {}
    void reset(HoldGroup& of, size_t at) {
      group = &of;
      shard = at;
      is_parked = false;
    }
    HoldGroup* group = nullptr;
    size_t shard = 0;
    bool is_parked = false;  // The shard is parked for this group.
  };

  size_t home = 0;
  std::vector<bool> members;  // By shard.
  size_t member_count = 0;
  size_t key_count = 0;
  std::vector<Arrival> arrivals;
  std::atomic<uint32_t> missing{0};
  // A member is busy with a script: none of the group's transactions is run.
  std::atomic<BusyWith> refused_with{BusyWith::kNothing};
  std::vector<Transaction> transactions;

  void add_member(size_t shard) {
    ensure(shard < members.size());
    if (members[shard]) return;
    members[shard] = true;
    ++member_count;
  }
  void reset(size_t shards) {
    members.assign(shards, false);
    member_count = 0;
    key_count = 0;
    transactions.clear();
    unload();
  }
};

}  // namespace kvstash::engine
