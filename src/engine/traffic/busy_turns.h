// BusyTurns: while a script runs for longer than busy-reply-threshold, the shards that it holds go
// on answering their clients: with -BUSY, or by running commands that are allowed then
// (kAllowBusy).
//
// Every few milliseconds, between two instructions of Lua, the thread that executes the script
// gives each shard of the hold back to its own thread for one busy turn, does its own, and waits
// until all are done; so no thread reads data while the script changes it. A busy turn comes in the
// middle of a turn: it has an intake of its own, uses no session that awaits a reply, closes no
// session, and changes no key. Messages that must not be handled in it stay in the mailbox until
// the script is over.
//
// Hops to a busy shard are answered with -BUSY, and so are transactions that need it, whose other
// members may be parked. Transactions of the server itself are tried again later.
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
  // Gives each shard of `hold` one busy turn on its own thread. The script must stand between two
  // of its commands.
  void serve(const Hold& hold, BusyWith what);
  // Ends the busy state of the shards of `hold`: the script is over.
  void end(const Hold& hold);
  // What is being run here, by which the script may have come; the pointers are null if nothing is.
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
  // Refuses a group whose last member has arrived and of which at least one member is busy.
  void refuse(HoldGroup& group);
  // Called at the home of a refused group: keeps the transactions of the server itself.
  void postpone(HoldGroup& group);
  // Tries the kept transactions again.
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
  // Set by the executing thread, on all shards of its hold.
  std::atomic<BusyWith> with_{BusyWith::kNothing};  // Set by the thread that executes.
  bool is_in_turn_ = false;
  std::vector<Transaction> postponed_;  // Refused transactions that are to be tried again.
};

}  // namespace kvstash::engine
