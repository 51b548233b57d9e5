// Executor: runs one command against held shards, keeps its statistics, and passes its effects on
// by one function, commit().
//
// One per shard, used on that shard's thread only. It knows no shards: what a command touches is
// covered by its hold, and its counters are those of the hold's worker.
#pragma once

#include "base/clock.h"
#include "engine/execution/blocked_keys.h"
#include "engine/execution/call.h"
#include "engine/execution/turn_clock.h"
#include "engine/execution/waiter.h"
#include "engine/telemetry/stats.h"
#include "engine/traffic/hold_group.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace kvstash::engine {

class Release;
class Telemetry;

class Executor {
 public:
  // All parts are of the shard whose thread runs the executor, and outlive it.
  Executor(const Worker& worker, TurnClock& clock, Telemetry& telemetry, Release& release)
      : worker_(&worker), clock_(&clock), telemetry_(&telemetry), release_(&release) {}

  // Called before commands run one after the other. Each is timed from the end of the one before
  // it, and the first from this call, so that the counter of cycles is read only once a command.
  void begin_commands() { ended_at_cycles_ = cycles(); }

  // Runs a command that has passed the gates and writes its reply to `out`. Counts the call if it
  // is over. `raw` is the command as its client sent it, if it stands in one piece (Record::raw).
  CallEnd run(const Command& command, Call::Args argv, const Hold& hold, Caller& caller,
              resp::ReplyBuffer& out, KeyPlaces places, std::string_view raw = {});

  // Runs a record of a log or of a primary's stream under a hold of HoldMode::kReplay. Clients that
  // watch, cache or wait for the changed keys are told; no client's statistics, slow log or limit
  // of memory take part. Error: the error that the command replied.
  Status replay(const Command& command, Call::Args argv, const Hold& hold, Caller& caller);

  // Runs a command for the running command `outer`, a script: inside its hold, for `caller`, the
  // script's own copy. Its changes are committed before this returns. Returns its duration in ns.
  uint64_t run_nested(const Command& command, Call::Args argv, const Call& outer, Caller& caller,
                      resp::ReplyBuffer& out);

  // Runs a transaction under `hold`, which covers its shards: a client's queue, one command, a
  // woken waiter or an action of the server.
  void run_transaction(HoldGroup& group, Transaction& transaction, const Hold& hold);
  // Runs what a client queued for EXEC, unless a watched key has changed. Returns its duration in
  // ns.
  uint64_t run_queue(CommandQueue& queue, std::span<const WatchedKey> watched, const Hold& held,
                     Caller& caller, resp::ReplyBuffer& out);

  // The waiter that the command which just ran has become; null if it does not wait.
  std::shared_ptr<Waiter> take_waiter() { return std::exchange(waiter_, nullptr); }
  // For Call::block: whether the running command is that of a waiter which runs again.
  bool runs_again() const { return again_ != nullptr; }
  void wait_with(std::shared_ptr<Waiter> waiter) { waiter_ = std::move(waiter); }

  // Serves the waiters of keys of the held shards that have changed, in the order in which they
  // came, until none can be served.
  void serve_waiters(const Hold& hold);
  // Called for a waiter that is over without having been served: removes it from the held shards,
  // and serves the waiters that may have stood behind it.
  void forget_waiter(const Waiter& waiter, const Hold& hold);
  // Runs the command of a woken waiter again, then those of the waiters behind it. `hold` covers
  // the shards of its keys.
  void run_woken(const std::shared_ptr<Waiter>& waiter, const Hold& hold);

  // is_within_memory() tells whether the held shards are certainly within maxmemory. make_room()
  // evicts before a command that may need memory; false: nothing can be evicted. keep_limit()
  // evicts after a command took too much.
  static bool is_within_memory(const Hold& hold);
  static bool make_room(const Hold& hold);
  static void keep_limit(const Hold& hold);

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

  const Worker* worker_;
  TurnClock* clock_;
  Telemetry* telemetry_;
  Release* release_;
  uint64_t ended_at_cycles_ = 0;  // When the last command ended, or begin_commands() was called.
  Effects effects_;
  resp::ReplyBuffer replay_reply_;  // Scratch: the reply of a replayed record, which is not read.
  std::vector<KeyAt> read_keys_;    // Scratch.
  std::shared_ptr<Waiter> waiter_;  // Of the command that just ran, if it waits.
  Waiter* again_ = nullptr;         // The waiter whose command is running again, or null.
  bool found_nothing_ = false;      // The command that ran again found nothing once more.
  bool is_serving_ = false;
};

}  // namespace kvstash::engine
