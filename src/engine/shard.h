// Shard: one thread with its slice of every database, its connections and its counters. It joins
// the parts that do the work and takes their turns; each part owns its own data.
//
//   ShardData    the data that a hold lends: databases, and what is remembered of their keys
//   Clients      connections, why they were stopped, what they hold; Waits, Monitors beside them
//   Traffic      mailbox, batches, groups, gathers; ParkWord, BusyTurns beside it
//   Release      the one place from which anything leaves the shard
//   Telemetry    statistics
//
// Another thread touches a shard only while that thread holds it (hold.h); any thread may post to
// its mailbox through the ShardSet.
//
// In each turn, the shell that owns the loop calls input_room() and consume() for readable
// connections, then finish_turn(), and then sleeps if traffic().prepare_sleep() says so.
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
#include "engine/execution/turn_clock.h"
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
  // The wall clock of this turn.
  TurnClock& clock() { return clock_; }
  int64_t now_ms() const { return clock_.ms(); }
  // A hold of this shard alone, on its own thread.
  Hold hold_here() { return {*set_, worker_, clock_.moment(), data_}; }
  // A hold of several shards that are parked for this thread, or whose threads have not started
  // yet. `members`, by shard, outlives the hold; null: all shards of the set.
  Hold hold_of(const std::vector<bool>* members) {
    return {*set_, worker_, clock_.moment(), members};
  }
  Random& random() { return random_; }
  EffectSink* sink() { return release_.journal(); }

  // ---- Its parts.
  // Data is touched through a hold; without one, the shard's own thread only prefetches and counts.
  ShardData& data() { return data_; }
  const ShardData& data() const { return data_; }
  Clients& clients() { return clients_; }
  const Clients& clients() const { return clients_; }
  Waits& waits() { return waits_; }
  const Waits& waits() const { return waits_; }
  Monitors& monitors() { return monitors_; }
  PubSub& pubsub() { return pubsub_; }
  const PubSub& pubsub() const { return pubsub_; }
  // The pushes that this turn has collected for sessions of all shards.
  Pushes& pushes() { return pushes_; }
  Tracking& tracking() { return tracking_; }
  const Tracking& tracking() const { return tracking_; }
  Executor& executor() { return executor_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  // The intake of the busy turn while the shard is in one (busy_turns.h); else the normal intake.
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
  // Evicts keys in the next turns until memory is within maxmemory.
  void begin_evicting() { evicts_ = true; }
  void publish_memory() { engine::publish_memory(*set_, data_); }
  bool awaits_eviction() const {
    return data_.awaited_eviction() != 0 && data_.awaited_eviction() > set_->evictions_over();
  }

  // Applies changed options to the shard's parts. The shard is held.
  void take_up_options();

  // ---- For the shell.
  // The shell reads the next bytes of a connection into input_room(), then reports how many bytes
  // came by consume().
  std::span<char> input_room(Session& session);
  void consume(Session& session, size_t bytes);
  void wake_up();  // Called first after the loop's wait: reads the clock anew.
  void ring() { port_->ring(); }
  // The work at the end of a turn: receives messages, expires keys, goes on with stopped sessions,
  // sends replies. Returns true if there is more to do and the shell is to call again soon.
  bool finish_turn();
  // The time at which the shard needs its next turn at the latest, by the node's monotonic clock.
  int64_t next_event_ns() const;

  // ---- For its parts.
  // Tells the slow log and the monitors of a command of `session` that ran; `end` says how long it
  // took, `db` is the session's database after the command.
  void note_command(const Session& session, const Command& command,
                    std::span<const std::string_view> argv, DbIndex db, const CallEnd& end);
  // Delivers the pushes that another shard sent to sessions of this one. `may_send`: if there are
  // many, output is sent in between, and sessions may be closed.
  void receive_pushes(const PushBox& box, bool may_send);
  // Delivers the pushes that this shard has been sent for its sessions, if the session listens to
  // anything: they stand before the replies to the commands that it sends next.
  void receive_pushes_for(const Session& session) {
    if (session.tracking != nullptr || session.is_subscriber()) [[unlikely]]
      traffic_.receive_pushes();
  }
  // Sends the pushes of this turn, with invalidations for followers of prefixes.
  void send_pushes(Lsn lsn);
  void flush_sessions();
  // Parks this thread until the park word has another value than `value`.
  void park(uint32_t value);

  bool active_expire = true;              // DEBUG SET-ACTIVE-EXPIRE.
  bool is_cron_paused = false;            // DEBUG PAUSE-CRON.
  size_t quicklist_packed_threshold = 0;  // DEBUG QUICKLIST-PACKED-THRESHOLD: store/quicklist.h.
  bool skips_dump_checksums = false;      // DEBUG SET-SKIP-CHECKSUM-VALIDATION.
  // A shutdown is under way: of new commands only SHUTDOWN is taken.
  bool is_draining = false;

 private:
  // On a replica keys go when the primary says so.
  bool expires() const {
    return active_expire && !clients_.pause().is_on() && !set_->is_loading() &&
           !set_->role().is_replica();
  }
  int64_t cron_at_ms() const { return clock_.was_set_back() ? 0 : cron_at_ms_; }
  bool evict_turn();
  void cron();
  void trim_spares();

  ShardSet* set_;
  size_t id_;
  ShardPort* port_ = nullptr;
  TurnClock clock_;
  int64_t clocks_apart_ns_ = 0;  // Monotonic clock minus wall clock, as of the last cron.
  int64_t cron_at_ms_ = 0;
  uint64_t turn_began_ = 0;  // In cycles of the processor.
  bool is_clock_fresh_ = false;
  bool evicts_ = false;
  Random random_;

  Telemetry telemetry_;
  ShardData data_;
  Worker worker_;  // The Worker of this shard's thread: it points to other fields here.
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
