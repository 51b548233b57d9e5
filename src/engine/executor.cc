#include "engine/executor.h"

#include "base/clock.h"
#include "engine/errors.h"
#include "engine/shard.h"

namespace kvstash::engine {
namespace {

constexpr size_t kEvictionsMax = 128;   // For one command.
constexpr size_t kErrorCodesMax = 128;  // Codes counted apart; the rest share one.

}  // namespace

bool Executor::is_observed(const Hold& hold) const {
  if (hold.set->options().notify_keyspace_events != 0) return true;
  return hold.single == nullptr || !hold.single->watches().empty();
}

uint64_t Executor::run(const Command& command, Call::Args argv, const Hold& hold, Caller& caller,
                       resp::ReplyBuffer& out, KeyPlaces places) {
  const uint64_t began = cycles();
  CommandStats& stats = shard_->command_stats(command);
  effects_.begin(is_observed(hold), shard_->sink() != nullptr);
  Call call(command, argv, hold, *shard_, caller, out);
  call.effects_ = &effects_;
  call.places_ = places;
  const size_t reply_at = out.size();
  // Of a transaction it was asked at EXEC: it is not cut in two.
  if (command.has(kDenyOom) && !make_room(hold) && !caller.in_transaction) [[unlikely]] {
    call.reply().error(errors::out_of_memory().message());
    ++stats.rejected;
    count_error("OOM");
    return 0;
  }
  const Status status = command.spec->run(call);
  if (!status.ok()) [[unlikely]] {
    out.truncate(reply_at);
    call.reply().error(status.error().message());
    ++stats.failed;
    count_error(status.error().message());
  }
  if (effects_.dirty() != 0 || !effects_.records().empty()) commit(call, hold);

  const uint64_t taken = cycles() - began;
  ++stats.calls;
  stats.cycles += taken;
  ++shard_->stats().commands;
  const auto ns = static_cast<uint64_t>(cycles_to_ns(taken));
  if (hold.set->options().latency_tracking) {
    if (stats.latency == nullptr) stats.latency = std::make_unique<LatencyHistogram>();
    stats.latency->add(ns);
  }
  return ns;
}

// The only way out of the keyspace. Watchers must be dirty before anyone is told.
void Executor::commit(const Call& call, const Hold& hold) {
  shard_->stats().dirty += effects_.dirty();
  for (const KeyChange& change : effects_.changes()) {
    Shard& shard =
        hold.single != nullptr ? *hold.single : hold.set->at(hold.set->shard_of(change.key));
    if (!shard.watches().empty()) shard.watches().touch(change.db, change.key);
  }
  EffectSink* sink = shard_->sink();
  if (sink == nullptr) return;
  if (effects_.records().empty()) {
    sink->on_write(call.db(), call.args());
    return;
  }
  std::vector<std::string_view> argv;
  for (const EffectRecord& record : effects_.records()) {
    argv.assign(record.argv.begin(), record.argv.end());
    sink->on_write(record.db, argv);
  }
}

void Executor::run_transaction(HoldGroup& group, Transaction& transaction, const Hold& hold) {
  if (transaction.action) {
    transaction.action();
    return;
  }
  const uint64_t began = cycles();
  transaction.reply_begin = group.replies.size();
  // A queue may change its connection (SELECT); one command runs for the caller who sent it, who
  // may have gone on to another database since.
  const bool is_queue_at_home =
      transaction.queue != nullptr && transaction.caller.session != nullptr;
  Caller& caller = is_queue_at_home ? transaction.session->caller : transaction.caller;
  if (transaction.command != nullptr) {
    run(*transaction.command, group.argv(transaction), hold, caller, group.replies,
        group.places_of(transaction));
  } else {
    run_queue(*transaction.queue, transaction.watched, hold, caller, group.replies);
  }
  transaction.reply_end = group.replies.size();
  transaction.duration_us = static_cast<uint32_t>(cycles_to_ns(cycles() - began) / 1000);
}

void Executor::run_queue(CommandQueue& queue, std::span<const WatchedKey> watched, const Hold& hold,
                         Caller& caller, resp::ReplyBuffer& out) {
  bool is_unchanged = true;
  for (const WatchedKey& key : watched) {
    Shard& shard =
        hold.single != nullptr ? *hold.single : hold.set->at(hold.set->shard_of(key.key));
    // A key that expired meanwhile changes now, whether or not the wheel came round to it.
    store::Keyspace& space = shard.keyspace(key.db);
    const store::KeyRef ref{key.key, keyed_hash(key.key, hold.set->seed())};
    if (store::Entry* entry = space.find(ref);
        entry != nullptr && entry->is_expired(shard_->now_ms()))
      shard.expire(key.db, ref, entry, shard_->sink());
    is_unchanged = is_unchanged && shard.watches().is_unchanged(key);
  }
  for (const WatchedKey& key : watched) {
    Shard& shard =
        hold.single != nullptr ? *hold.single : hold.set->at(hold.set->shard_of(key.key));
    shard.watches().unwatch(key.db, key.key);
  }
  resp::ReplyWriter writer(out, caller.resp);
  if (!is_unchanged) {
    writer.null_array();
    return;
  }
  writer.array(queue.size());
  EffectSink* sink = shard_->sink();
  if (sink != nullptr) sink->begin_unit();
  caller.in_transaction = true;
  for (QueuedCommand& queued : queue.commands()) {
    queued.duration_ns = run(*queued.command, queue.argv(queued), hold, caller, out, {});
    queued.db = caller.db;
    queued.has_run = true;
  }
  caller.in_transaction = false;
  if (sink != nullptr) sink->end_unit();
}

void Executor::count_error(std::string_view message) {
  ShardStats& stats = shard_->stats();
  ++stats.error_replies;
  std::string code(message.substr(0, message.find_first_of(" \r\n")));
  if (stats.errors.size() >= kErrorCodesMax && !stats.errors.contains(code))
    code = "ERRORSTATS_OVERFLOW";
  ++stats.errors[std::move(code)];
}

// Evicts on the shards that are held, and leaves to everybody's turns what takes longer.
bool Executor::make_room(const Hold& hold) {
  const uint64_t limit = hold.set->options().maxmemory_bytes;
  if (limit == 0) [[likely]]
    return true;
  size_t budget = kEvictionsMax;
  const auto evict_from = [&](Shard& shard) {
    shard.publish_memory();
    for (; hold.set->memory_used() > limit && budget != 0 && shard.evict_one(shard_->sink());
         --budget)
      shard.publish_memory();
  };
  if (hold.single != nullptr) {
    evict_from(*hold.single);
  } else {
    for (size_t id = 0; id < hold.set->size(); ++id) {
      if (hold.includes(id)) evict_from(hold.set->at(id));
    }
  }
  return hold.set->memory_used() <= limit || hold.set->ask_to_evict();
}

}  // namespace kvstash::engine
