// Shard: one thread's slice of everything: of every database, of the connections, of the counters.
//
// Owns its keyspaces and its sessions; parses and runs its connections' commands; trades batches,
// holds and tasks with the other shards. Nothing in it is touched by another thread, except while
// that thread holds it (hold.h), and except `post`ing to its mailbox through the ShardSet.
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
#include "engine/execution/blocked_keys.h"
#include "engine/execution/effect_sink.h"
#include "engine/execution/executor.h"
#include "engine/execution/watch.h"
#include "engine/pubsub/pubsub.h"
#include "engine/pubsub/pushes.h"
#include "engine/shard_port.h"
#include "engine/shard_set.h"
#include "engine/telemetry/hot_keys.h"
#include "engine/telemetry/latency_monitor.h"
#include "engine/telemetry/rate_meter.h"
#include "engine/telemetry/slowlog.h"
#include "engine/telemetry/stats.h"
#include "engine/tracking/tracking.h"
#include "engine/traffic/busy.h"
#include "store/eviction.h"
#include "store/garbage.h"
#include "store/hash.h"
#include "store/keyspace.h"

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
  void set_sink(EffectSink* sink) { sink_ = sink; }

  size_t id() const { return id_; }
  ShardSet& set() { return *set_; }
  const EngineOptions& options() const { return set_->options(); }
  int64_t now_ms() const { return now_ms_; }  // Wall clock at about the beginning of this turn.
  void look_at_clock();                       // Within a turn, when something took long.
  // A hold of this shard alone, or one that this thread has, at the moment it is now.
  Hold hold_here() { return now({.set = set_, .single = this}); }
  Hold now(Hold hold) const {
    hold.now_ms = now_ms_;
    hold.now_us = now_us_;
    return hold;
  }
  Random& random() { return random_; }
  EffectSink* sink() { return sink_; }

  // ---- Data.
  store::Keyspace& keyspace(DbIndex db);         // Made when first asked for.
  store::Keyspace* keyspace_if_any(DbIndex db);  // Null if nothing was ever stored there.
  const store::Keyspace* keyspace_if_any(DbIndex db) const {
    return const_cast<Shard*>(this)->keyspace_if_any(db);
  }
  size_t database_count() const { return databases_.size(); }
  void flush_db(DbIndex db, bool lazily);
  // `now_ms` and `journal` are those of the thread that does it, as below.
  void swap_db(DbIndex a, DbIndex b, int64_t now_ms, EffectSink* journal);
  // Removes what is due of an entry: the key itself, or fields of its hash, a bounded number. Tells
  // everybody. Returns the entry's new address; null: the key is gone. `journal` is the sink of the
  // thread that does it, so that its records keep their order; null: there is no journal.
  store::Entry* expire_due(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                           int64_t now_ms, EffectSink* journal);
  // The same for one field, if it is due.
  store::Entry* expire_field(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                             std::string_view field, int64_t now_ms, EffectSink* journal);
  // Counts a value that is given up lazily, if it is large enough to count.
  void note_lazy_free(const store::Entry& entry);
  // Evicts one key by the policy; false if there is none to evict.
  bool evict_one(int64_t now_ms, EffectSink* journal);
  // Evicts in the turns to come until maxmemory is kept.
  void begin_evicting() { evicts_ = true; }
  void publish_memory();  // To the set, as it is now.
  // While its data takes less than when it was published last, and its part of what was free then,
  // maxmemory is kept: one comparison, on the thread that holds the shard.
  bool is_within_memory() const { return memory_.bytes < memory_goal_; }
  // Over the limit, and what is held cannot give enough: holds every shard, soon, and evicts.
  // Before replies that are not sent yet reach their clients' shards.
  void evict_everywhere();
  // The options are new: takes up what follows from them. The shard is held.
  void take_up_options();
  store::ShardMemory& memory() { return memory_; }
  size_t data_bytes() const;  // Entries, values and bucket arrays.
  // The access clock that an entry touched now gets.
  uint32_t access_clock(uint32_t before, bool is_new, int64_t now_ms);

  WatchTable& watches() { return watches_; }
  BlockedKeys& blocked_keys() { return blocked_keys_; }
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
  void receive_pushes(const std::vector<Push>& pushes);
  PubSub& pubsub() { return pubsub_; }
  const PubSub& pubsub() const { return pubsub_; }
  Pushes& pushes() { return pushes_; }  // Of this turn.
  // Sends them, with what changed of prefixes that clients follow.
  void flush_pushes() {
    tracking_.tell_prefixes();
    pushes_.flush();
  }
  Tracking& tracking() { return tracking_; }
  const Tracking& tracking() const { return tracking_; }
  // ---- Waiting: connections of this shard in blocking commands.
  // A command of `session` has come back and waits. What became of it meanwhile is seen to.
  void begin_wait(Session& session, std::shared_ptr<Waiter> waiter);
  // The waiter has its reply, by a command that ran on this thread.
  void note_served(std::shared_ptr<Waiter> waiter) { served_.push_back(std::move(waiter)); }
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
  // Runs `action` while every shard is held, soon, on the thread of the shard that it is given. It
  // must not throw or wait.
  void hold_all(std::function<void(Shard&)> action);
  // The parts of a gather (Call::gather_any), for a command of `session`.
  struct GatherPlan {
    std::vector<size_t> asked;                     // Shards.
    std::function<std::any(Shard&, Shard&)> part;  // Of the shard that is asked, and the worker.
    std::function<void(std::vector<std::any>&, resp::ReplyWriter&)> finish;
  };
  void start_gather(Session& session, const Command& command,
                    std::span<const std::string_view> argv, GatherPlan plan);

  // ---- The turn.
  void wake_up();  // First thing after the loop's wait: the clock is read anew.
  // Receives messages, expires, goes on with stopped sessions, sends replies. True: call again
  // soon, there is more to do.
  bool finish_turn();
  // Sends what the turn has made so far: batches, records, replies. May close sessions.
  void send_everything();
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
  HotKeys& hot_keys() { return hot_keys_; }
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
  void flush_before_sending();
  void receive();
  void take_mail();
  void run_batch(Batch& batch);
  void finish_batch(Batch& batch);
  void finish_hop(const Batch& batch, const Hop& hop, std::string_view reply, bool is_refused);
  void arrive(HoldGroup::Arrival& arrival);
  void run_group(HoldGroup& group);
  void prefetch_group(const HoldGroup& group, std::span<const Transaction> transactions);
  void finish_group(HoldGroup& group);
  void finish_transaction(const HoldGroup& group, Transaction& transaction, std::string_view reply,
                          bool is_refused);
  void release(HoldGroup& group);
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
  void send_done();
  void release_session(Session& session);
  void learn_reply_size(Session& session, size_t bytes);
  bool expire_turn();
  bool expire_keys_turn();
  bool expire_fields_turn();
  void expire_key(DbIndex db, const store::KeyRef& key, store::Entry* entry, EffectSink* journal);
  using RemoveFields = std::function<void(store::Hash&, const store::Hash::Visitor&)>;
  store::Entry* remove_fields(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                              const RemoveFields& remove, EffectSink* journal);
  void tell_removal(DbIndex db, std::string_view key, std::span<const std::string_view> record,
                    EffectSink* journal);
  std::optional<int64_t> next_deadline_ms() const;
  bool evict_turn();
  void resume_memory_waiters();
  void resume_push_waiters();
  bool leaves_too_much_unread(const Session& session) const;
  bool has_too_much_unsent(const Session& session) const;
  void bound_client_memory();
  void bound_unasked_output();
  void cron();
  void trim_spares();
  void resume_sessions();
  void close_killed();

  ShardSet* set_;
  size_t id_;
  ShardPort* port_ = nullptr;
  EffectSink* sink_ = nullptr;
  int64_t now_us_ = 0;           // Wall clock: the time of this turn ...
  int64_t now_ms_ = 0;           // ... and the same in milliseconds.
  int64_t clocks_apart_ns_ = 0;  // The monotonic clock less the wall clock, as of the last cron.
  bool is_clock_fresh_ = false;
  Random random_;

  store::ShardMemory memory_;
  std::vector<std::unique_ptr<store::Keyspace>> databases_;
  store::EvictionPool eviction_pool_;
  bool evicts_ = false;
  size_t memory_goal_ = 0;  // For is_within_memory(); 0: unknown until it is published.
  WatchTable watches_;
  BlockedKeys blocked_keys_;
  WaitingSessions waiting_;
  std::vector<std::shared_ptr<Waiter>> served_;  // Here, to be told after the journal's flush.

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

  Executor executor_;
  Dispatcher dispatcher_;
  Intake intake_;
  Intake busy_intake_;
  ShardStats stats_;
  ShardRates rates_;
  std::vector<CommandStats> command_stats_;
  Slowlog slowlog_;
  LatencyMonitor latency_;
  HotKeys hot_keys_;
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
  std::vector<Batch*> done_batches_;  // Run here, to be sent home after the journal's flush.
  HoldGroup* group_ = nullptr;        // This turn's transactions.
  std::vector<std::unique_ptr<HoldGroup>> groups_;
  Spares<HoldGroup*> spare_groups_;
};

}  // namespace kvstash::engine
