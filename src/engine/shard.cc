#include "engine/shard.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/data/expiry.h"
#include "engine/turn_work.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

// Bounds on the work of one turn besides the clients' commands.
constexpr size_t kResizeBucketsPerTurn = 64;
constexpr size_t kEvictionsPerTurn = 256;
constexpr int64_t kCronPeriodMs = 100;
constexpr int64_t kNsPerUs = 1000;
constexpr int64_t kNsPerMs = 1'000'000;
// At a lower rate of commands, the freed blocks that the allocator caches for the thread are worth
// less than their memory.
constexpr double kQuietCommandsPerSecond = 1000;

}  // namespace

Shard::Shard(ShardSet& set, size_t id)
    : set_(&set),
      id_(id),
      clock_(set.clock()),
      random_(set.ports().entropy->draw()),
      telemetry_(set),
      data_({.id = id,
             .databases = static_cast<size_t>(set.options().databases),
             .seed = set.seed(),
             .sample_seed = set.ports().entropy->draw(),
             .now_ms = clock_.ms()}),
      worker_{.shard = id, .stats = &telemetry_.stats(), .random = &random_, .pushes = &pushes_},
      clients_(*this),
      waits_(*this),
      monitors_(*this),
      pubsub_(*this),
      pushes_(set),
      tracking_(*this),
      executor_(worker_, clock_, telemetry_, release_),
      dispatcher_(*this),
      intake_(*this, dispatcher_, Intake::Use::kNormal),
      busy_intake_(*this, dispatcher_, Intake::Use::kBusy),
      busy_(*this),
      traffic_(*this),
      park_word_(set.ports()),
      release_(*this) {
  data_.memory().huge_pages = set.huge_pages();
}

Shard::~Shard() = default;

void Shard::take_up_options() {
  telemetry_.take_up_options();
  publish_memory();
}

// The work of one turn is bounded, so that a lowered limit does not stop the clients. Returns true
// if there is more to evict.
bool Shard::evict_turn() {
  if (!evicts_ || set_->is_loading()) return false;
  evicts_ = evict(hold_here(), kEvictionsPerTurn) == EvictionEnd::kBudgetUsed;
  if (evicts_) set_->note_memory_used();
  return evicts_;
}

void Shard::wake_up() {
  if (is_clock_fresh_) return;
  is_clock_fresh_ = true;
  clock_.look();
  turn_began_ = cycles();
  traffic_.wake_up();
}

std::span<char> Shard::input_room(Session& session) {
  wake_up();
  return intake().input_room(session);
}

void Shard::consume(Session& session, size_t bytes) {
  wake_up();
  if (bytes != 0) session.note_activity(now_ms());
  session.info.input_bytes += bytes;
  receive_pushes_for(session);
  telemetry_.stats().net_input_bytes += bytes;
  ++telemetry_.stats().reads;
  intake().consume(session, bytes);
}

void Shard::note_command(const Session& session, const Command& command,
                         std::span<const std::string_view> argv, DbIndex db, const CallEnd& end) {
  monitors_.note(session, command, argv, db);
  telemetry_.note_end(session, command, argv, end, now_ms());
}

void Shard::park(uint32_t value) {
  const bool spins = set_->size() < set_->core_count();
  telemetry_.stats().park_ns += park_word_.park(value, spins, [this] { busy_.take_turn(); });
  clock_.look();
}

void Shard::flush_sessions() {
  if (busy_.is_in_turn()) {
    port_->send_while_busy();
  } else {
    port_->flush_sessions();
    clients_.pushed_bytes = 0;
  }
}

// ---- The turn.

bool Shard::finish_turn() {
  wake_up();
  // Messages are received before staged requests run if a client here subscribes or tracks keys:
  // pushes that have arrived for a client must come before its next reply.
  if (pubsub_.subscriptions().session_count() + tracking_.session_count() != 0) traffic_.receive();
  intake_.run_staged();
  traffic_.receive();
  const bool more_due = expires() && expire_turn(hold_here());
  if (more_due) ++telemetry_.stats().expire_budgets_used;
  if (now_ms() >= cron_at_ms()) cron();
  const bool more_to_evict = evict_turn();
  const bool more_to_trim = tracking_.trim();
  waits_.end_due();
  clients_.end_due_pause();
  if (data_.blocked_keys().has_ready()) executor_.serve_waiters(hold_here());
  clients_.resume();
  clients_.close_killed();
  release_.send();
  if (store::Garbage& garbage = data_.memory().garbage; !garbage.empty())
    set_->reaper().take(std::move(garbage));
  if (set_->memory_limit() != 0) {
    set_->measure_overhead(now_ms());
    publish_memory();
  }

  bool resizes = false;
  data_.each_keyspace([&resizes](DbIndex, store::Keyspace& space) {
    if (space.table().is_resizing()) resizes = space.step_resize(kResizeBucketsPerTurn) || resizes;
  });
  bool has_work = false;
  if (TurnWork* work = set_->turn_work(); work != nullptr)
    has_work = work->step(*this, static_cast<uint64_t>(cycles_to_ns(cycles() - turn_began_)));
  ++telemetry_.stats().turns;
  telemetry_.stats().turn_time.add(static_cast<uint64_t>(cycles_to_ns(cycles() - turn_began_)));
  is_clock_fresh_ = false;
  return more_due || more_to_evict || more_to_trim || resizes || has_work || clients_.has_more();
}

int64_t Shard::next_event_ns() const {
  int64_t next_ms = clients_.looks_soon() ? std::min(cron_at_ms(), now_ms() + 1) : cron_at_ms();
  if (const auto due_ms = expires() ? next_deadline_ms(data_) : std::nullopt)
    next_ms = std::min(next_ms, *due_ms);
  int64_t next_ns = next_ms * kNsPerMs + clocks_apart_ns_;
  if (const auto due_ns = waits_.sessions().next_deadline_ns())
    next_ns = std::min(next_ns, *due_ns);
  if (const auto due_ns = clients_.pause().until_ns()) next_ns = std::min(next_ns, *due_ns);
  return next_ns;
}

// Spare buffers that a burst, or waiting for a slow shard, left behind count as memory used, and
// may take the room of keys.
void Shard::trim_spares() {
  clients_.chunks().trim();
  intake_.trim();
  traffic_.trim();
  if (telemetry_.rates().commands.per_second() < kQuietCommandsPerSecond) allocator_flush_thread();
}

// The cron also runs when the wall clock was set back: else the shard would not sleep until the
// wall clock comes to cron_at_ms_, because the monotonic time of the next cron, worked out from the
// old difference of the clocks, has passed.
void Shard::cron() {
  clock_.forget_set_back();
  cron_at_ms_ = now_ms() + kCronPeriodMs;
  clocks_apart_ns_ = set_->clock().monotonic_ns() - set_->clock().wall_now_us() * kNsPerUs;
  busy_.take_up_postponed();
  if (is_cron_paused) return;
  trim_spares();
  tracking_.sweep();
  publish_memory();
  if (id_ == 0) set_->measure_overhead(now_ms());  // This raises the peak as well.
  set_->note_memory_used();
  const uint64_t limit = set_->memory_limit();
  if (limit != 0 && set_->memory_used() > limit) {
    begin_evicting();
  } else {
    set_->note_exceeding(false, now_ms());
  }
  clients_.bound_unasked_output();
  data_.hot_keys().fade(now_ms());
  telemetry_.sample_rates(now_ms());
  clients_.look_at_delayed();
}

}  // namespace kvstash::engine
