// Shard: one thread's slice of everything: of every database, of the connections, of the counters.
// It joins the parts that do the work, and takes their turns; each part owns what it is about.
//
//   ShardData    what a hold lends: databases, and what is remembered of their keys
//   Clients      connections, why they were stopped, what they hold; Waits, Monitors beside them
//   Traffic      mailbox, batches, groups, gathers; ParkWord, BusyTurns beside it
//   Release      the one place from which anything leaves
//   Telemetry    what is counted
//
// Nothing in it is touched by another thread, except while that thread holds it (hold.h), and
// except `post`ing to its mailbox through the ShardSet.
//
// The shell that owns the loop calls, in turns:  input_room/consume for readable connections,
// then finish_turn(), then sleeps if traffic().prepare_sleep() says so.
#pragma once

#include "base/random.h"
#include "engine/client/clients.h"
#include "engine/client/dispatcher.h"
#include "engine/client/intake.h"
#include "engine/client/monitors.h"
#include "engine/client/session.h"
#include "engine/client/waits.h"
#include "engine/data/eviction.h"
#include "engine/data/shard_data.h"
#include "engine/execution/effect_sink.h"
#include "engine/execution/executor.h"
#include "engine/execution/hold.h"
#include "engine/execution/worker.h"
#include "engine/pubsub/pubsub.h"
#include "engine/pubsub/pushes.h"
#include "engine/release/release.h"
#include "engine/shard_port.h"
#include "engine/shard_set.h"
#include "engine/telemetry/telemetry.h"
#include "engine/tracking/tracking.h"
#include "engine/traffic/busy_turns.h"
#include "engine/traffic/park_word.h"
#include "engine/traffic/traffic.h"

#include <cstdint>
#include <span>
#include <string_view>
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
  ShardPort& port() { return *port_; }
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

  // ---- Its parts.
  // Data is touched through a hold; the shard's own thread prefetches and counts without one.
  ShardData& data() { return data_; }
  const ShardData& data() const { return data_; }
  Clients& clients() { return clients_; }
  const Clients& clients() const { return clients_; }
  Waits& waits() { return waits_; }
  const Waits& waits() const { return waits_; }
  Monitors& monitors() { return monitors_; }
  PubSub& pubsub() { return pubsub_; }
  const PubSub& pubsub() const { return pubsub_; }
  Pushes& pushes() { return pushes_; }  // Of this turn.
  Tracking& tracking() { return tracking_; }
  const Tracking& tracking() const { return tracking_; }
  Executor& executor() { return executor_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  // Of a busy turn, where it stands in one.
  Intake& intake() { return busy_.is_in_turn() ? busy_intake_ : intake_; }
  Traffic& traffic() { return traffic_; }
  BusyTurns& busy() { return busy_; }
  const BusyTurns& busy() const { return busy_; }
  ParkWord& park_word() { return park_word_; }
  Release& release() { return release_; }
  const Release& release() const { return release_; }
  Telemetry& telemetry() { return telemetry_; }
  const Telemetry& telemetry() const { return telemetry_; }
  ShardStats& stats() { return telemetry_.stats(); }
  const ShardStats& stats() const { return telemetry_.stats(); }

  // ---- Eviction.
  // Evicts in the turns to come until maxmemory is kept.
  void begin_evicting() { evicts_ = true; }
  void publish_memory() { engine::publish_memory(*set_, data_); }
  // A command took memory over the limit, and what is held cannot give enough: holds every shard,
  // soon, and evicts. The shards of `hold` run no further command of a client before that.
  void evict_everywhere(const Hold& hold);
  bool awaits_eviction() const {
    return data_.awaited_eviction() != 0 && data_.awaited_eviction() > set_->evictions_over();
  }

  // The options are new: takes up what follows from them. The shard is held.
  void take_up_options();

  // ---- For the shell.
  // Where the next bytes of a connection go, and that so many have come.
  std::span<char> input_room(Session& session);
  void consume(Session& session, size_t bytes);
  void wake_up();  // First thing after the loop's wait: the clock is read anew.
  void ring() { port_->ring(); }
  // Receives messages, expires, goes on with stopped sessions, sends replies. True: call again
  // soon, there is more to do.
  bool finish_turn();
  // When the loop must be back at the latest, by the node's monotonic clock.
  int64_t next_event_ns() const;

  // ---- For its parts.
  // For the slow log and the monitors: a command of `session` ran, and took so long. `db` is the
  // one chosen afterwards.
  void note_command(const Session& session, const Command& command,
                    std::span<const std::string_view> argv, DbIndex db, const CallEnd& end);
  // What another shard has for sessions of this one. `may_send`: if it is much, everything is sent
  // now and then, and sessions may be closed.
  void receive_pushes(const PushBox& box, bool may_send);
  // Before commands of the session run: what this shard has been sent for sessions so far stands in
  // front of their replies, if the session listens to anything.
  void receive_pushes_for(const Session& session) {
    if (session.tracking != nullptr || session.is_subscriber()) [[unlikely]]
      traffic_.receive_pushes();
  }
  void send_pushes(Lsn lsn);  // With what changed of prefixes that clients follow.
  void flush_sessions();
  // Stands still until the value of the park word is another.
  void park(uint32_t value);

  bool active_expire = true;              // DEBUG SET-ACTIVE-EXPIRE.
  bool is_cron_paused = false;            // DEBUG PAUSE-CRON.
  size_t quicklist_packed_threshold = 0;  // DEBUG QUICKLIST-PACKED-THRESHOLD: store/quicklist.h.
  bool is_draining = false;  // A shutdown waits: of new commands only SHUTDOWN is taken.

 private:
  bool expires() const { return active_expire && !clients_.pause().is_on(); }
  bool evict_turn();
  void cron();
  void trim_spares();

  ShardSet* set_;
  size_t id_;
  ShardPort* port_ = nullptr;
  int64_t now_us_ = 0;           // Wall clock: the time of this turn ...
  int64_t now_ms_ = 0;           // ... and the same in milliseconds.
  int64_t clocks_apart_ns_ = 0;  // The monotonic clock less the wall clock, as of the last cron.
  int64_t cron_at_ms_ = 0;
  uint64_t turn_began_ = 0;  // In cycles.
  bool is_clock_fresh_ = false;
  bool evicts_ = false;
  Random random_;

  Telemetry telemetry_;
  ShardData data_;
  Worker worker_;  // Of this thread: points to what stands here.
  Clients clients_;
  Waits waits_;
  Monitors monitors_;
  PubSub pubsub_;
  Pushes pushes_;
  Tracking tracking_;
  Executor executor_;
  Dispatcher dispatcher_;
  Intake intake_;
  Intake busy_intake_;
  BusyTurns busy_;
  Traffic traffic_;
  ParkWord park_word_;
  Release release_;
};

}  // namespace kvstash::engine
