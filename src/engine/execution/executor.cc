#include "engine/execution/executor.h"

#include "base/text.h"
#include "engine/client/session.h"
#include "engine/client/waits.h"
#include "engine/command/errors.h"
#include "engine/data/due_keys.h"
#include "engine/data/eviction.h"
#include "engine/data/expiry.h"
#include "engine/execution/keyspace_events.h"
#include "engine/release/release.h"
#include "engine/role_errors.h"
#include "engine/shard_set.h"
#include "engine/telemetry/telemetry.h"
#include "engine/tracking/tracking.h"
#include "resp/request_text.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

constexpr size_t kEvictionsMax = 128;  // The most keys that are evicted for one command.
constexpr size_t kReplayReplyKept = size_t{1} << 20;

// Whether keys of the held shards that have waiters changed.
bool has_ready(const Hold& hold) {
  return hold.any([](const ShardData& shard) { return shard.blocked_keys().has_ready(); });
}

// Whether anybody listens to single changes of keys under the hold.
bool is_observed(const Hold& hold) {
  return hold.set().options().notify_keyspace_events != 0 ||
         hold.any([](const ShardData& shard) { return shard.has_listeners(); });
}

// What clients of a writable replica change is not part of its primary's stream.
RecordTarget readers_for(const Hold& hold, const Caller& caller) {
  if (hold.journal() == nullptr) return RecordTarget::kNone;
  return hold.set().role().is_replica() ? caller.records & RecordTarget::kAof : caller.records;
}

bool covers(const Hold& hold, std::span<const size_t> shards) {
  return std::ranges::all_of(shards, [&](size_t id) { return hold.covers(id); });
}

// After a command that took so long the shard reads the clock again: the time of the turn is behind
// the clients' time, and a key that has expired meanwhile must not be served.
constexpr int64_t kLongNs = 1'000'000;

// Whether serving the waiter takes something from the waiters behind it. Reading a stream does not.
bool takes_away(const Waiter& waiter) {
  return waiter.type != store::ValueType::kStream;
}

// Refuses a command that the gates could not: only its shards can tell whether there is memory, and
// the node may have become a replica since.
CallEnd refuse(Call& call, Telemetry& telemetry, const Error& why) {
  call.reply().error(why.message());
  ++telemetry.of(call.command()).rejected;
  telemetry.count_error(why.message());
  return {};
}

}  // namespace

CallEnd Executor::run(const Command& command, Call::Args argv, const Hold& hold, Caller& caller,
                      resp::ReplyBuffer& out, KeyPlaces places, std::string_view raw) {
  ensure(hold.mode() == HoldMode::kLive && &hold.worker() == worker_);
  const uint64_t began = ended_at_cycles_;
  effects_.begin(is_observed(hold), readers_for(hold, caller));
  Call call(command, argv, hold, caller, out, raw);
  call.effects_ = &effects_;
  call.places_ = places;
  const size_t reply_at = out.size();
  if (command.has(kWrite) && hold.set().role().is_read_only()) [[unlikely]]
    return refuse(call, *telemetry_, errors::read_only_replica());
  // For a transaction memory was checked at EXEC, and for a script when it began, so that neither
  // is cut in two.
  if (command.has(kDenyOom) && !caller.in_script && !is_within_memory(hold) && !make_room(hold) &&
      !caller.in_transaction) [[unlikely]]
    return refuse(call, *telemetry_, errors::out_of_memory());
  const Status status = command.spec->run(call);
  if (!status.ok()) [[unlikely]] {
    out.truncate(reply_at);
    call.reply().error(status.error().message());
    ++telemetry_->of(command).failed;
    telemetry_->count_error(status.error().message());
  }
  if (effects_.has_any()) commit(call, hold);
  if (caller.remembers_reads && command.has(kReadOnly)) [[unlikely]]
    remember_reads(call, hold);

  ended_at_cycles_ = cycles();
  const auto ns = static_cast<uint64_t>(cycles_to_ns(ended_at_cycles_ - began));
  CallEnd end{.ns = ns};
  if (call.progress_ == Call::Progress::kOver) [[likely]] {
    end = telemetry_->count_call(command, ns, !caller.in_script);
  } else {
    end = count_progress(call, ns, out.view().substr(reply_at));
  }
  if (!caller.in_transaction && !caller.in_script) {
    if (!is_within_memory(hold)) [[unlikely]]
      keep_limit(hold);
    if (ns >= uint64_t{kLongNs}) [[unlikely]]
      clock_->look();
    if (has_ready(hold)) [[unlikely]]
      serve_waiters(hold);
  }
  return end;
}

// A command that waits or asks other shards is counted when it has its reply, with the time of all
// its parts.
CallEnd Executor::count_progress(const Call& call, uint64_t ns, std::string_view reply) {
  const Command& command = call.command();
  switch (call.progress_) {
    case Call::Progress::kOver:
      break;
    case Call::Progress::kGathered:
      telemetry_->count_failure(command, reply);
      break;
    case Call::Progress::kAsks:
      telemetry_->of(command).ns += ns;
      return {.ns = ns};
    case Call::Progress::kWaits:
      found_nothing_ = again_ != nullptr;
      (again_ != nullptr ? again_ : waiter_.get())->ns += ns;
      return {.ns = ns};
  }
  return telemetry_->count_call(command, ns, !call.caller_->in_script);
}

uint64_t Executor::run_nested(const Command& command, Call::Args argv, const Call& outer,
                              Caller& caller, resp::ReplyBuffer& out) {
  ensure(caller.in_script);
  const uint64_t taken_ns = run(command, argv, outer.hold(), caller, out, {}).ns;
  // The effects are committed; the outer command must not commit them again.
  effects_.begin(false, RecordTarget::kNone);
  return taken_ns;
}

Status Executor::replay(const Command& command, Call::Args argv, const Hold& hold, Caller& caller) {
  ensure(hold.mode() == HoldMode::kReplay && caller.user == nullptr && !caller.remembers_reads);
  // The look-ups of a replayed record do not count as hits or misses.
  const uint64_t hits = worker_->stats->keyspace_hits;
  const uint64_t misses = worker_->stats->keyspace_misses;
  effects_.begin(is_observed(hold), readers_for(hold, caller));
  replay_reply_.clear();
  Call call(command, argv, hold, caller, replay_reply_);
  call.effects_ = &effects_;
  Status status = command.spec->run(call);
  if (effects_.has_any()) commit(call, hold);
  worker_->stats->keyspace_hits = hits;
  worker_->stats->keyspace_misses = misses;
  if (replay_reply_.capacity() > kReplayReplyKept) replay_reply_.release();
  // A command that has records run must not commit their effects again.
  effects_.begin(false, RecordTarget::kNone);
  return status;
}

// Passes the effects of a command on; no command does that itself. Watched keys get a new version
// before any client is told of a change.
void Executor::commit(const Call& call, const Hold& hold) {
  worker_->stats->dirty += effects_.dirty();
  tell_changes(call, hold);
  if (effects_.is_journaled()) write_records(call, *hold.journal());
}

void Executor::tell_changes(const Call& call, const Hold& hold) {
  const Author author{.client_id = call.caller_->client_id,
                      .is_by_script = call.caller_->in_script};
  for (const KeyChange& change : effects_.changes()) {
    const HeldKey key{hold.shard_of(change.key), change.db, change.key};
    if (!call.caller_->is_silent) tell_event(hold, key, change.event_class, change.event);
    if (!change.is_quiet) note_change(hold, key, author);
  }
}

// Writes the command's own records, as one unit if they are several; else the command as it was
// sent, by its own name, whatever operators call it here.
void Executor::write_records(const Call& call, EffectSink& journal) {
  RecordWords& records = effects_.records();
  if (!records.empty()) {
    const RecordUnit unit(records.size() > 1 ? &journal : nullptr);
    records.for_each([&](DbIndex db, Call::Args argv) {
      journal.write({.db = db, .argv = argv, .raw = {}, .target = effects_.readers()});
    });
    return;
  }
  const RecordTarget target = effects_.as_sent_target();
  if (target == RecordTarget::kNone) return;
  const Command& command = call.command();
  const std::string_view name =
      command.container == nullptr ? command.spec->name : command.container->spec->name;
  if (equals_ignore_case(call.arg(0), name)) {
    const bool is_copied = !call.raw_.empty() && resp::is_request_text(call.raw_, call.args());
    journal.write({.db = call.db(),
                   .argv = call.args(),
                   .raw = is_copied ? call.raw_ : std::string_view(),
                   .target = target});
    return;
  }
  std::vector<std::string_view> argv(call.args().begin(), call.args().end());
  argv.front() = name;
  journal.write({.db = call.db(), .argv = argv, .raw = {}, .target = target});
}

// Remembers which keys a client read that caches them. Of a script only the commands that it runs
// count.
void Executor::remember_reads(const Call& call, const Hold& hold) {
  const Command& command = call.command();
  if (command.spec->group == CommandGroup::kScripting || command.has(kPubSub)) return;
  read_keys_.clear();
  CommandTable::keys_of(command, call.args(), read_keys_);
  for (const KeyAt& key : read_keys_) {
    const std::string_view name = call.arg(key.index);
    remember_reader(hold, name, {.client = call.caller_->client_id, .home = call.caller_->home});
  }
}

void Executor::run_transaction(HoldGroup& group, Transaction& transaction, const Hold& hold) {
  if (transaction.action) {
    transaction.action(hold);
    return;
  }
  if (transaction.woken != nullptr) {
    run_woken(transaction.woken, hold);
    return;
  }
  transaction.reply_begin = group.replies.size();
  // A queue may change its connection (SELECT), so it runs for the session's caller. One command
  // runs for the caller at the time it was sent: the session may have selected another database
  // since.
  const bool is_queue_at_home =
      transaction.queue != nullptr && transaction.caller.session != nullptr;
  Caller& caller = is_queue_at_home ? transaction.session->caller : transaction.caller;
  if (transaction.command != nullptr) {
    transaction.end = run(*transaction.command, group.argv(transaction), hold, caller,
                          group.replies, group.places_of(transaction), transaction.raw);
    transaction.waiter = take_waiter();
  } else {
    caller.remembers_reads = transaction.caller.remembers_reads;
    transaction.end.ns =
        run_queue(*transaction.queue, transaction.watched, hold, caller, group.replies);
    if (is_queue_at_home) transaction.session->end_caching();
  }
  transaction.reply_end = group.replies.size();
}

// Checks permissions again, because they may have changed since the command was queued.
bool Executor::is_denied(const QueuedCommand& queued, CommandQueue& queue, const Caller& caller,
                         resp::ReplyWriter& to) {
  if (caller.user == nullptr || caller.user->is_unlimited()) [[likely]]
    return false;
  const std::optional<AclDenial> denial = caller.user->check(*queued.command, queue.argv(queued));
  if (!denial) return false;
  std::string_view why = "no permission to execute the command or subcommand";
  if (denial->reason == AclReason::kKey) why = "no permission to touch the specified keys";
  if (denial->reason == AclReason::kChannel)
    why = "no permission to access one of the channels used as arguments to the command";
  const std::string message =
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
      "call. This command is no longer allowed for the following reason: " +
      std::string(why);
  to.error(message);
  telemetry_->count_error(message);
  return true;
}

uint64_t Executor::run_queue(CommandQueue& queue, std::span<const WatchedKey> watched,
                             const Hold& held, Caller& caller, resp::ReplyBuffer& out) {
  const uint64_t began = cycles();
  const auto elapsed_ns = [began] { return static_cast<uint64_t>(cycles_to_ns(cycles() - began)); };
  clock_->look();
  const Hold hold = clock_->now(held);  // All queued commands run at one moment.
  bool is_unchanged = true;
  for (const WatchedKey& key : watched) {
    ShardData& shard = hold.shard_of(key.key);
    // A watched key that has expired meanwhile is removed now, and so counts as changed, whether or
    // not the timing wheel has removed it.
    store::Entry* entry = shard.keyspace(key.db).find(shard.ref(key.key));
    if (entry != nullptr && entry->is_due(hold.horizon_ms())) {
      if (!keeps_due_keys(hold, shard)) {
        expire_due(hold, {shard, key.db, key.key}, entry);
      } else if (entry->is_expired(hold.horizon_ms())) {
        is_unchanged = false;
      }
    }
    is_unchanged = is_unchanged && shard.watches().is_unchanged(key);
  }
  for (const WatchedKey& key : watched) {
    hold.shard_of(key.key).watches().unwatch(key.db, key.key);
  }
  resp::ReplyWriter writer(out, caller.resp);
  if (!is_unchanged) {
    writer.null_array();
    return elapsed_ns();
  }
  writer.array(queue.size());
  std::optional<RecordUnit> unit(hold.journal());
  caller.in_transaction = true;
  for (QueuedCommand& queued : queue.commands()) {
    if (is_denied(queued, queue, caller, writer)) continue;
    queued.end = run(*queued.command, queue.argv(queued), hold, caller, out, {});
    queued.db = caller.db;
    queued.has_run = true;
  }
  caller.in_transaction = false;
  unit.reset();
  if (!is_within_memory(hold)) keep_limit(hold);
  const uint64_t ns = elapsed_ns();
  if (ns >= uint64_t{kLongNs}) clock_->look();
  if (has_ready(hold)) serve_waiters(hold);
  return ns;
}

// ---- Waiters.

void Executor::serve_waiters(const Hold& held) {
  // The call that is serving will see this change, too.
  if (std::exchange(is_serving_, true)) return;
  begin_commands();
  const Hold hold = clock_->now(held);  // Waiters run at a moment after the change that woke them.
  while (has_ready(hold)) {
    hold.each([&](ShardData& shard) {
      while (const auto ready = shard.blocked_keys().take_ready())
        serve_key(shard, *ready, hold);
    });
  }
  is_serving_ = false;
}

// Goes along the queue of a key for as long as there is something for its waiters. Each waiter that
// is served may change the queue.
void Executor::serve_key(ShardData& shard, const BlockedKeys::ReadyKey& ready, const Hold& hold) {
  const store::KeyRef ref = shard.ref(ready.key);
  for (uint64_t last = 0;;) {
    BlockedKeys::Queue* queue = shard.blocked_keys().find(ready.db, ready.key);
    if (queue == nullptr) break;
    const auto at = queue->waiters.upper_bound(last);
    if (at == queue->waiters.end()) break;
    const std::shared_ptr<Waiter> waiter = at->second;
    last = waiter->number;
    const store::Entry* entry = shard.keyspace(ready.db).find(ref);
    const bool exists = entry != nullptr && !entry->is_expired(hold.horizon_ms());
    if (!exists && queue->wake_without_key == 0) break;
    const bool is_of_type = exists && entry->type() == waiter->type;
    if (!is_of_type && !waiter->wakes_without_key) continue;
    if (covers(hold, waiter->shards)) {
      if (!waiter->move(WaitState::kWaiting, WaitState::kRunning)) {
        if (waiter->state.load(std::memory_order_acquire) == WaitState::kWoken &&
            takes_away(*waiter))
          break;
        continue;
      }
      run_waiter(waiter, hold);
      continue;
    }
    if (waiter->move(WaitState::kWaiting, WaitState::kWoken)) {
      Waits::retry_at_home(hold.set(), waiter);
    }
    // The waiters behind it must not overtake it.
    if (!waiter->is_over() && takes_away(*waiter)) break;
  }
}

// Runs a waiter's command again. The waiter is in kRunning, and all its shards are held.
void Executor::run_waiter(const std::shared_ptr<Waiter>& waiter, const Hold& hold) {
  const std::vector<std::string_view> argv(waiter->argv.begin(), waiter->argv.end());
  Caller caller = waiter->caller;
  waiter->reply.clear();
  ensure(again_ == nullptr && waiter->state.load(std::memory_order_relaxed) == WaitState::kRunning);
  again_ = waiter.get();
  found_nothing_ = false;
  waiter->end = run(*waiter->command, argv, hold, caller, waiter->reply, {});
  again_ = nullptr;
  if (found_nothing_) {
    waiter->end_run(WaitState::kWaiting);
    return;
  }
  for (const std::string& key : waiter->keys) {
    hold.shard_of(key).blocked_keys().remove(caller.db, key, *waiter);
  }
  waiter->end_run(WaitState::kServed);
  release_->add_served(waiter);
}

void Executor::forget_waiter(const Waiter& waiter, const Hold& hold) {
  ensure(waiter.state.load(std::memory_order_acquire) == WaitState::kDone);
  const DbIndex db = waiter.caller.db;
  for (const std::string& key : waiter.keys) {
    const size_t owner = hold.set().shard_of(key);
    if (!hold.covers(owner)) continue;
    BlockedKeys& blocked = hold.shard(owner).blocked_keys();
    blocked.remove(db, key, waiter);
    blocked.note_change(db, key);
  }
  serve_waiters(hold);
}

void Executor::run_woken(const std::shared_ptr<Waiter>& waiter, const Hold& hold) {
  if (waiter->move(WaitState::kWoken, WaitState::kRunning)) {
    // The waiters of keys that this command changes are served below: one waiter's command runs at
    // a time.
    ensure(!is_serving_);
    is_serving_ = true;
    run_waiter(waiter, hold);
    is_serving_ = false;
  }
  for (const std::string& key : waiter->keys) {
    hold.shard_of(key).blocked_keys().note_change(waiter->caller.db, key);
  }
  serve_waiters(hold);
}

bool Executor::is_within_memory(const Hold& hold) {
  return !hold.any([](const ShardData& shard) { return !shard.is_within_memory(); });
}

// Before a command that takes memory: evicts on the held shards, and asks all shards to evict more
// in their turns if that was not enough. False: no shard has keys to evict.
bool Executor::make_room(const Hold& hold) {
  return evict(hold, kEvictionsMax) == EvictionEnd::kKept || hold.set().ask_to_evict();
}

// After a command that took too much: evicts on the held shards, and if that was not enough, on all
// shards before the held shards run another client's command.
void Executor::keep_limit(const Hold& hold) {
  if (hold.options().maxmemory_policy == EvictionPolicy::kNoEviction) return;
  if (evict(hold, kEvictionsMax) != EvictionEnd::kKept && hold.set().ask_to_evict())
    hold.set().evict_everywhere(hold);
}

}  // namespace kvstash::engine
