// Executor: runs one command against held shards, keeps its statistics, and lets its effects out by
// the one door, commit().
//
// One per shard, used on that shard's thread only; the shards a command touches may be others (the
// Hold), which then are parked.
#pragma once

#include "base/clock.h"
#include "engine/execution/blocked_keys.h"
#include "engine/execution/call.h"
#include "engine/execution/waiter.h"
#include "engine/telemetry/stats.h"
#include "engine/traffic/hold_group.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace kvstash::engine {

class Executor {
 public:
  explicit Executor(Shard& shard) : shard_(&shard) {}

  // Commands are about to run one after the other. Each is timed from the end of the one before it,
  // so that the counter of cycles is read once a command; the first of them from here.
  void begin_commands() { ended_at_cycles_ = cycles(); }

  // Runs a command whose gates are passed and writes its reply to `out`. Counts it, if it is over.
  // `raw` is the command as its client sent it, if it stands in one piece (Record::raw).
  CallEnd run(const Command& command, Call::Args argv, const Hold& hold, Caller& caller,
              resp::ReplyBuffer& out, KeyPlaces places, std::string_view raw = {});

  // Runs a record of a log or of a primary's stream under a hold of HoldMode::kReplay. The keys
  // are changed and whoever watches, caches or waits for them learns it; no client's statistics,
  // slow log or limit of memory take part. Error: what the command answered.
  Status replay(const Command& command, Call::Args argv, const Hold& hold, Caller& caller);

  // Runs a command that the running command `outer` asks for, a script: inside its hold, for
  // `caller`, its own copy of who asked. What it changes is committed before this returns.
  // Returns its duration.
  uint64_t run_nested(const Command& command, Call::Args argv, const Call& outer, Caller& caller,
                      resp::ReplyBuffer& out);

  // Runs what a client queued, unless a watched key has changed; its shards are held.
  void run_transaction(HoldGroup& group, Transaction& transaction, const Hold& hold);
  // Returns how long it took.
  uint64_t run_queue(CommandQueue& queue, std::span<const WatchedKey> watched, const Hold& held,
                     Caller& caller, resp::ReplyBuffer& out);

  // The waiter that the command just run has become; null for almost all.
  std::shared_ptr<Waiter> take_waiter() { return std::exchange(waiter_, nullptr); }
  // Call::block's: whether a waiter's command runs again.
  bool runs_again() const { return again_ != nullptr; }
  void wait_with(std::shared_ptr<Waiter> waiter) { waiter_ = std::move(waiter); }

  // Serves those who wait for keys of the held shards that have changed, in the order in which they
  // came, until no more can be done.
  void serve_waiters(const Hold& hold);
  // Nobody will serve the waiter any more: the held shards forget it, and serve those who may have
  // stood behind it.
  void forget_waiter(const Waiter& waiter, const Hold& hold);
  // Runs a woken waiter again, whose shards are held; then those who stood behind it.
  void run_woken(const std::shared_ptr<Waiter>& waiter, const Hold& hold);

  // Makes room for a write if maxmemory is passed; false if it cannot be done.
  static bool is_within_memory(const Hold& hold);
  static bool make_room(const Hold& hold);
  void keep_limit(const Hold& hold);

 private:
  void commit(const Call& call, const Hold& hold);
  void tell_changes(const Call& call, const Hold& hold);
  void write_records(const Call& call, EffectSink& journal);
  void remember_reads(const Call& call, const Hold& hold);
  CallEnd count_progress(const Call& call, uint64_t ns, std::string_view reply);
  bool is_denied(const QueuedCommand& queued, CommandQueue& queue, const Caller& caller,
                 resp::ReplyWriter& to);
  void serve_key(ShardData& shard, const BlockedKeys::ReadyKey& ready, const Hold& hold);
  void run_waiter(const std::shared_ptr<Waiter>& waiter, const Hold& hold);

  Shard* shard_;
  uint64_t ended_at_cycles_ = 0;  // When the last command ended, or begin_commands() was called.
  Effects effects_;
  resp::ReplyBuffer replay_reply_;  // Scratch: nobody reads it.
  std::vector<KeyAt> read_keys_;    // Scratch.
  std::shared_ptr<Waiter> waiter_;  // Made by the command that runs.
  Waiter* again_ = nullptr;         // Whose command runs again ...
  bool found_nothing_ = false;      // ... and had nothing to do yet.
  bool is_serving_ = false;
};

}  // namespace kvstash::engine
