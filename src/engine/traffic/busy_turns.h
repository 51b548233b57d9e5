// BusyTurns: a script that runs for longer than busy-reply-threshold goes on, and the shards it
// holds go on answering: -BUSY, or one of the commands that are allowed meanwhile (kAllowBusy).
//
// Every few milliseconds, between two instructions of Lua, the thread that executes the script
// gives each shard of the hold back to its own thread for one busy turn, does its own, and waits
// until all are done; so nobody looks at data while the script changes it. A busy turn stands in
// the middle of a turn: it has an intake of its own, touches no session that awaits a reply, closes
// none, and changes no key. What may not be done in it stays in the mailbox until the script is
// over.
//
// Hops to a busy shard are answered -BUSY, and so are transactions that need it, of which the other
// members may stand parked. What a transaction does for the server itself is tried again later.
#pragma once

#include "engine/execution/hold.h"
#include "engine/traffic/batch.h"
#include "engine/traffic/busy.h"
#include "engine/traffic/hold_group.h"

#include <atomic>
#include <string>
#include <vector>

namespace kvstash::engine {

class Shard;

class BusyTurns {
 public:
  explicit BusyTurns(Shard& shard) : shard_(&shard) {}

  // ---- The thread that executes the script.
  // Lets the shards of `hold` answer their clients for a moment, each on its own thread. The script
  // must stand between two of its commands.
  void serve(const Hold& hold, BusyWith what);
  // The script is over.
  void end(const Hold& hold);
  // What runs here, and the script may have come with: null if nothing does.
  struct Running {
    Batch* batch = nullptr;
    const Hop* hop = nullptr;
    HoldGroup* group = nullptr;
    const Transaction* transaction = nullptr;
  };
  Running running;

  // ---- The shard's own thread.
  void take_turn();
  bool is_in_turn() const { return is_in_turn_; }
  // The last member of a group has arrived, and at least one of them is busy.
  void refuse(HoldGroup& group);
  // At the home of a group that was refused: keeps what the server itself wants.
  void postpone(HoldGroup& group);
  // Tries it again.
  void take_up_postponed();

  // Any thread.
  BusyWith with() const { return with_.load(std::memory_order_relaxed); }

 private:
  void answer_company();
  void answer_company(Batch& batch);
  void answer_company(HoldGroup& group);
  Lsn lsn_of(const HoldGroup& group) const;
  void receive();
  void deal(Message& message);
  void refuse(Batch& batch);
  std::string refuse(const Command& command, BusyWith what);
  std::string refuse(const Transaction& transaction, BusyWith what);
  std::string refuse_with(const std::string& message);

  Shard* shard_;
  // Touched by the thread that executes, of all shards of its hold.
  std::atomic<BusyWith> with_{BusyWith::kNothing};  // Set by the thread that executes.
  bool is_in_turn_ = false;
  std::vector<Transaction> postponed_;  // Refused, and to be tried again.
};

}  // namespace kvstash::engine
