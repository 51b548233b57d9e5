// Shard: one thread's slice of everything: of every database, of the connections, of the counters.
//
// Owns its data (data/shard_data.h) and its sessions; parses and runs its connections' commands;
// trades batches, holds and tasks with the other shards. Nothing in it is touched by another
// thread, except while that thread holds it (execution/hold.h), and except `post`ing to its mailbox
// through the ShardSet.
//
// The shell that owns the loop calls, in turns:  input_room/consume for readable connections,
// then finish_turn(), then sleeps if prepare_sleep() says so.
#pragma once

#include "base/random.h"
#include "base/spares.h"
#include "engine/client/client_memory.h"
#include "engine/client/dispatcher.h"
#include "engine/client/intake.h"
#include "engine/client/pause.h"
#include "engine/client/session.h"
#include "engine/client/waiting_sessions.h"
#include "engine/data/eviction.h"
#include "engine/data/shard_data.h"
#include "engine/execution/effect_sink.h"
#include "engine/execution/executor.h"
#include "engine/execution/gather.h"
#include "engine/execution/hold.h"
#include "engine/execution/worker.h"
#include "engine/pubsub/pubsub.h"
#include "engine/pubsub/pushes.h"
#include "engine/release/release.h"
#include "engine/shard_port.h"
#include "engine/shard_set.h"
#include "engine/telemetry/latency_monitor.h"
#include "engine/telemetry/rate_meter.h"
#include "engine/telemetry/slowlog.h"
#include "engine/telemetry/stats.h"
#include "engine/tracking/tracking.h"
#include "engine/traffic/busy.h"

#include <atomic>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace kvstash::engine {

class Shard {
 public:
  Shard(ShardSet& set, size_t id);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // ---- Wiring, before the thread starts.
  void set_port(ShardPort& port) { port_ = &port; }
  void set_sink(EffectSink* sink) {
    release_.set_journal(sink);
    worker_.journal = sink;
  }

  size_t id() const { return id_; }
  ShardSet& set() { return *set_; }
  const EngineOptions& options() const { return set_->options(); }
  int64_t now_ms() const { return now_ms_; }  // Wall clock at about the beginning of this turn.
  void look_at_clock();                       // Within a turn, when something took long.
  Moment moment() const { return {.ms = now_ms_, .us = now_us_}; }
  // A hold of this shard alone, on its own thread.
  Hold hold_here() { return {*set_, worker_, moment(), data_}; }
  // A hold of several shards that this thread has parked, or that no thread runs yet. `members`, by
  // shard, outlives it; null: all of the set.
  Hold hold_of(const std::vector<bool>* members) { return {*set_, worker_, moment(), members}; }
  // A hold that this thread has, at the moment it is now.
  Hold now(const Hold& hold) const { return hold.at(moment()); }
  Random& random() { return random_; }
  EffectSink* sink() { return release_.journal(); }

  // ---- Data. Touched through a hold; the shard's own thread prefetches and counts without one.
  ShardData& data() { return data_; }
  const ShardData& data() const { return data_; }
  // Evicts in the turns to come until maxmemory is kept.
  void begin_evicting() { evicts_ = true; }
  void publish_memory() { engine::publish_memory(*set_, data_); }
  // Over the limit, and what is held cannot give enough: holds every shard, soon, and evicts.
  // Before replies that are not sent yet reach their clients' shards.
  void evict_everywhere();
  // The options are new: takes up what follows from them. The shard is held.
  void take_up_options();
  void unwatch_all(Session& session);

  // ---- Sessions.
  Session& open_session(void* shell);
  // The socket is gone (or is to go): forgets the session as soon as nothing of it is under way.
  void close_session(Session& session);
  // CLIENT KILL: takes no more commands of it, and closes it at the end of this turn, whatever it
  // has not read. Also while the shard is held.
  void kill_session(Session& session);
  const std::unordered_map<uint64_t, std::unique_ptr<Session>>& sessions() const {
    return sessions_;
  }
  Session* find_session(uint64_t id);

  // ---- What clients hold (shard_clients.cc).
  // Counts what the session holds now, after a read or a write of it.
  void count_client(Session& session);
  // In the middle of a turn: its output has grown past its mark. It is held back when that is too
  // much.
  void look_at_output(Session& session);
  // Something of its output may have been sent: counts, and lets it go on or holds it back.
  void settle_output(Session& session);
  const ClientMemory& client_memory() const { return client_memory_; }
  // What a client may have unread of messages that it did not ask for one by one.
  uint64_t unasked_limit() const {
    const uint64_t own = options().client_unsent_reply_limit_bytes;
    return own == 0 ? uint64_t{64} << 20 : own;
  }

  std::span<char> input_room(Session& session);
  void consume(Session& session, size_t bytes);
  // The session has output or wants to be closed: the shell will find it in take_ready().
  void note_ready(Session& session);
  std::vector<Session*> take_ready();
  // The session was stopped for a time that nobody will end: cron looks at it again.
  void delay(Session& session);
  // The session was stopped because memory is overfull: goes on when others have made room.
  void wait_for_memory(Session& session);
  // The session was stopped because too many pushes are on their way: goes on when they are not.
  void wait_for_pushes(Session& session);
  // A reason to stop is gone: its commands go on at the end of this turn.
  void go_on(Session& session, StopReason reason);
  // Sends a message that is no reply. A client that leaves too much of that unread is closed.
  void push(Session& session, std::string_view message);
  // What other shards have for sessions of this one.
  // They follow from `lsn`.
  void receive_pushes(const std::vector<Push>& pushes, Lsn lsn);
  // To the monitors of this shard.
  void tell_monitors(std::string_view line);
  PubSub& pubsub() { return pubsub_; }
  const PubSub& pubsub() const { return pubsub_; }
  Pushes& pushes() { return pushes_; }  // Of this turn.
  Tracking& tracking() { return tracking_; }
  const Tracking& tracking() const { return tracking_; }
  // ---- Waiting: connections of this shard in blocking commands.
  // A command of `session` has come back and waits. What became of it meanwhile is seen to.
  void begin_wait(Session& session, std::shared_ptr<Waiter> waiter);
  // On the waiter's home: it has its reply; or keys on several shards changed, and it shall run
  // again as a transaction.
  void finish_wait(const std::shared_ptr<Waiter>& waiter);
  void retry_wait(const std::shared_ptr<Waiter>& waiter);
  // CLIENT UNBLOCK: ends a wait as if its time were over, or with an error. False: it does not
  // wait, or is being served.
  bool unblock(Session& session, bool with_error);
  const WaitingSessions& waiting_sessions() const { return waiting_; }

  // Sends what monitors want to see.
  void feed_monitors(const Session& session, const Command& command,
                     std::span<const std::string_view> argv, DbIndex db);

  // CLIENT PAUSE.
  const Pause& pause() const { return pause_; }
  // CLIENT PAUSE was asked for at `asked_ns`, on whatever shard: see Pause::begin.
  void begin_pause(int64_t asked_ns, int64_t until_ns, PauseMode mode);
  void end_pause();
  size_t paused_sessions() const;  // Those that it holds back.

  // ---- Busy: a script that runs for too long (shard_busy.cc). On the thread that executes it.
  // Lets the shards of `hold` answer their clients for a moment, each on its own thread: -BUSY, or
  // one of the few commands that are allowed. The script must stand between two of its commands.
  void serve_while_busy(const Hold& hold, BusyWith with);
  // The script is over.
  void end_busy(const Hold& hold);
  // Any thread.
  BusyWith busy_with() const { return busy_with_.load(std::memory_order_relaxed); }
  // Sessions that have output, for the shell while the shard is busy.
  const std::vector<Session*>& ready_sessions() const { return ready_; }

  // ---- Between shards. On this shard's thread.
  void post(size_t to, Message* message);
  Batch& batch_for(size_t to);  // Of this turn.
  HoldGroup& pending_group();   // Of this turn.
  void send_batches();
  void send_group();
  // Runs `action` while every shard is held, soon, on whichever shard's thread. It must not throw
  // or wait.
  void hold_all(std::function<void(const Hold&)> action);
  // Asks shards for a command of `session`, which waits until all have answered.
  void start_gather(Session& session, const Command& command,
                    std::span<const std::string_view> argv, GatherPlan plan);

  // ---- The turn.
  void wake_up();  // First thing after the loop's wait: the clock is read anew.
  // Receives messages, expires, goes on with stopped sessions, sends replies. True: call again
  // soon, there is more to do.
  bool finish_turn();
  // The one place that sends. Its steps follow: they are for it alone.
  Release& release() { return release_; }
  const Release& release() const { return release_; }
  void send_pushes(Lsn lsn);  // With what changed of prefixes that clients follow.
  void send_requests();       // This turn's batches and group.
  void bound_client_memory();
  void flush_sessions();
  // Lets the members of a group that is over go on, and sends it home.
  void let_go(HoldGroup& group);
  // True: the loop may wait; producers will ring. False: there is work.
  bool prepare_sleep();
  // When the loop must be back at the latest, by the node's monotonic clock.
  int64_t next_event_ns() const;

  Mailbox& mailbox() { return mailbox_; }
  bool claim_wake() {
    return is_asleep_.load(std::memory_order_seq_cst) &&
           is_asleep_.exchange(false, std::memory_order_seq_cst);
  }
  void ring() { port_->ring(); }
  // Lets a parked shard go on (the executor of a hold calls it).
  void unpark();

  Executor& executor() { return executor_; }
  ChunkPool& chunks() { return chunks_; }
  ShardStats& stats() { return stats_; }
  const ShardStats& stats() const { return stats_; }
  CommandStats& command_stats(const Command& command) { return command_stats_[command.id]; }
  const ShardRates& rates() const { return rates_; }
  void reset_stats();
  Slowlog& slowlog() { return slowlog_; }
  LatencyMonitor& latency() { return latency_; }
  // For the slow log and the monitors: a command of `session` ran, and took so long. `db` is the
  // one chosen afterwards.
  void note_command(const Session& session, const Command& command,
                    std::span<const std::string_view> argv, DbIndex db, const CallEnd& end);
  // The halves of it, for commands that wait: monitors hear of them when they begin to.
  void note_begin(const Session& session, const Command& command,
                  std::span<const std::string_view> argv, DbIndex db);
  void note_end(const Session& session, const Command& command,
                std::span<const std::string_view> argv, const CallEnd& end);

  bool active_expire = true;              // DEBUG SET-ACTIVE-EXPIRE.
  bool is_cron_paused = false;            // DEBUG PAUSE-CRON.
  size_t quicklist_packed_threshold = 0;  // DEBUG QUICKLIST-PACKED-THRESHOLD: store/quicklist.h.
  bool is_draining = false;  // A shutdown waits: of new commands only SHUTDOWN is taken.

 private:
  void receive();
  void take_mail();
  void run_batch(Batch& batch);
  void finish_batch(Batch& batch);
  void finish_hop(const Batch& batch, const Hop& hop, std::string_view reply, bool is_refused,
                  Lsn lsn);
  void arrive(HoldGroup::Arrival& arrival);
  void run_group(HoldGroup& group);
  void prefetch_group(const HoldGroup& group, std::span<const Transaction> transactions);
  void finish_group(HoldGroup& group);
  void finish_transaction(const HoldGroup& group, Transaction& transaction, std::string_view reply,
                          bool is_refused, Lsn lsn);
  Lsn lsn_of(const HoldGroup& group) const;
  uint32_t park_word() const;
  void park(uint32_t word);
  void busy_turn();
  void ask_for_busy_turn();
  void await_busy_turn();
  void receive_while_busy();
  void deal_while_busy(Message& message);
  void resume_while_busy();
  void answer_company();
  void answer_company(Batch& batch);
  void answer_company(HoldGroup& group);
  void refuse_batch(Batch& batch);
  void refuse_group(HoldGroup& group);
  std::string refuse(const Command& command, BusyWith with);
  std::string refuse(const Transaction& transaction, BusyWith with);
  std::string refuse_with(const std::string& message);
  void postpone(HoldGroup& group);
  void take_up_postponed();
  void list_resume(Session& session);
  Intake& intake() { return is_in_busy_turn_ ? busy_intake_ : intake_; }
  struct Gather;
  void finish_gather(Gather& gather);
  void finish_reply(Session& session);
  void forget_watched(std::vector<WatchedKey> keys);
  bool give_up_wait(const std::shared_ptr<Waiter>& waiter);
  void leave_wait(Session& session);
  void end_retry(const std::shared_ptr<Waiter>& waiter);
  void answer_timeout(Session& session);
  void note_unserved(Session& session);
  void end_due_waits();
  void end_due_pause();
  void release_session(Session& session);
  void learn_reply_size(Session& session, size_t bytes);
  bool expires() const { return active_expire && !pause_.is_on(); }
  bool evict_turn();
  void resume_memory_waiters();
  void resume_push_waiters();
  bool leaves_too_much_unread(const Session& session) const;
  bool has_too_much_unsent(const Session& session) const;
  void bound_unasked_output();
  void cron();
  void trim_spares();
  void resume_sessions();
  void close_killed();

  ShardSet* set_;
  size_t id_;
  ShardPort* port_ = nullptr;
  int64_t now_us_ = 0;           // Wall clock: the time of this turn ...
  int64_t now_ms_ = 0;           // ... and the same in milliseconds.
  int64_t clocks_apart_ns_ = 0;  // The monotonic clock less the wall clock, as of the last cron.
  bool is_clock_fresh_ = false;
  Random random_;

  ShardData data_;
  Worker worker_;  // Of this thread: points to what stands here.
  bool evicts_ = false;
  WaitingSessions waiting_;

  ChunkPool chunks_;
  ClientMemory client_memory_;
  std::unordered_map<uint64_t, std::unique_ptr<Session>> sessions_;
  std::vector<Session*> ready_;
  std::deque<Session*> resume_;
  std::vector<uint64_t> killed_;   // Ids: some may be gone by the end of the turn.
  std::vector<Session*> delayed_;  // Stopped by their rate or a pause: cron looks again.
  std::vector<Session*> memory_waiters_;
  std::vector<Session*> push_waiters_;
  Pause pause_;

  PubSub pubsub_;
  Pushes pushes_;
  Tracking tracking_;
  size_t pushed_bytes_ = 0;  // Since sessions were flushed.
  Lsn received_lsn_{};       // Of the push that is being delivered.

  Release release_;
  Executor executor_;
  Dispatcher dispatcher_;
  Intake intake_;
  Intake busy_intake_;
  ShardStats stats_;
  ShardRates rates_;
  std::vector<CommandStats> command_stats_;
  Slowlog slowlog_;
  LatencyMonitor latency_;
  int64_t cron_at_ms_ = 0;
  uint64_t turn_began_ = 0;

  Mailbox mailbox_;
  alignas(64) std::atomic<bool> is_asleep_{false};
  Message* received_ = nullptr;  // Taken from the mailbox and not dealt with, oldest first.
  std::atomic<BusyWith> busy_with_{BusyWith::kNothing};  // Set by the thread that executes.
  bool is_in_busy_turn_ = false;
  Batch* running_batch_ = nullptr;  // What the script that runs may have come with.
  const Hop* running_hop_ = nullptr;
  HoldGroup* running_group_ = nullptr;
  const Transaction* running_transaction_ = nullptr;
  std::vector<Transaction> postponed_;  // Refused, and to be tried again.
  // A count of holds, above kParkedBit (waits by its port) and kAskedBit (is to do a busy turn).
  alignas(64) std::atomic<uint32_t> park_word_{0};
  std::vector<Batch*> outbox_;  // Per shard: this turn's batch, or null.
  std::vector<std::unique_ptr<Batch>> batches_;
  Spares<Batch*> spare_batches_;
  HoldGroup* group_ = nullptr;  // This turn's transactions.
  std::vector<std::unique_ptr<HoldGroup>> groups_;
  Spares<HoldGroup*> spare_groups_;
};

}  // namespace kvstash::engine
