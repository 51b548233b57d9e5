#include "engine/client/dispatcher.h"

#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

// The bounds of one group: with more, its members would wait too long for each other.
constexpr size_t kGroupTransactionsMax = 256;
constexpr size_t kGroupKeysMax = 8192;

}  // namespace

Dispatcher::Dispatcher(Shard& shard) : shard_(&shard), gates_(shard) {
  // EXEC is found by the row's name, which a rename does not change.
  for (const Command* command : shard.set().commands().all()) {
    if (command->name == "exec") exec_ = command;
  }
}

bool Dispatcher::dispatch(Session& session, const Request& request) {
  const bool is_taken = take(session, request);
  if (is_taken && session.tracking != nullptr && session.tracking->is_caching) [[unlikely]] {
    const Command* command = shard_->set().commands().find(request.args[0]);
    const bool keeps = command != nullptr && command->name == "client";
    if (!keeps && !session.multi.is_active) session.end_caching();
  }
  return is_taken;
}

bool Dispatcher::take(Session& session, Request request) {
  session.note_activity(shard_->now_ms());
  const Gates::Verdict verdict = gates_.pass(session, request);
  if (verdict == Gates::Verdict::kStopped) [[unlikely]]
    return false;
  if (verdict == Gates::Verdict::kRefused) [[unlikely]] {
    refuse(session, request.command, gates_.refusal());
    return true;
  }
  const Command& command = *request.command;
  ++session.info.commands;
  if (is_queued(session, command)) {
    queue(session, request);
    return true;
  }
  const bool may_wait = command.has(kBlocking);
  if (may_wait) session.is_wait_muted = session.is_muted();
  if (&command == exec_) {
    exec(session, request);
  } else if (asks_shards(command, request.args, *shard_)) {
    run_here(session, request);
  } else {
    route(session, request);
  }
  // Later commands of the connection wait until this one, which may wait, is over.
  if (may_wait && session.under_way != 0) session.stop(kStopOrder);
  return true;
}

void Dispatcher::queue(Session& session, const Request& request) {
  // A transaction that is aborted already does not keep its commands.
  if (!session.multi.is_aborted) {
    session.multi.queue.add(*request.command, request.args,
                            flags_of(session, *request.command, request.args, *shard_));
  }
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.simple("QUEUED");
  session.replies.end(session.is_muted());
  after(session);
}

// Answers a command that was taken and failed.
void Dispatcher::fail(Session& session, const Request& request, std::string_view message) {
  shard_->telemetry().count_call(*request.command, 0);
  ++shard_->telemetry().of(*request.command).failed;
  shard_->monitors().note(session, *request.command, request.args, session.caller.db);
  shard_->telemetry().count_error(message);
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(session.is_muted());
  after(session);
}

// Answers a command that cannot be taken. It aborts the transaction that it would be queued in; an
// EXEC ends its transaction.
void Dispatcher::refuse(Session& session, const Command* command, std::string_view message) {
  if (command != nullptr) ++shard_->telemetry().of(*command).rejected;
  std::string of_exec;
  if (command == exec_ && command != nullptr) {
    shard_->clients().unwatch_all(session);
    session.multi = {};
    of_exec = "EXECABORT Transaction discarded because of: ";
    message = of_exec += message.starts_with("ERR ") ? message.substr(4) : message;
  } else if (session.multi.is_active) {
    session.multi.is_aborted = true;
  }
  shard_->telemetry().count_error(message);
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(session.is_muted());
  after(session);
}

// The bookkeeping after each command. CLIENT REPLY SKIP mutes the one command after it.
void Dispatcher::after(Session& session) {
  session.rate_tokens -= 1;
  if (session.reply_mode == ReplyMode::kSkipThis) session.reply_mode = ReplyMode::kOn;
  if (session.reply_mode == ReplyMode::kSkipNext) session.reply_mode = ReplyMode::kSkipThis;
  const int64_t limit = shard_->options().client_commands_in_flight_limit;
  const size_t waiting = session.replies.waiting();
  if (waiting >= session.flight_max || (limit != 0 && waiting >= static_cast<size_t>(limit)))
    session.stop(kStopFlight);
  if (session.replies.bytes() > session.output_mark) [[unlikely]]
    shard_->clients().look_at_output(session);
}

// ---- Ways.

void Dispatcher::route(Session& session, const Request& request) {
  ShardSet& set = shard_->set();
  const CommandSpec& spec = *request.command->spec;
  if (set.size() == 1 || spec.scope == Scope::kSession) {
    run_here(session, request);
    return;
  }
  reach_.clear();
  const bool is_placed =
      spec.find_scope == nullptr && spec.scope == Scope::kKeys && !request.places.empty();
  if (is_placed) {
    for (const KeyPlace& place : request.places)
      reach_.add_shard(place.shard);
  } else {
    reach_.add(*request.command, request.args, *shard_);
  }
  const auto shards = reach_.shards();
  const size_t first = shards.empty() ? shard_->id() : shards.front();
  if (reach_.needs_all() ||
      !std::ranges::all_of(shards, [first](size_t shard) { return shard == first; })) {
    hold(session, request);
  } else if (first == shard_->id() && session.may_run_here()) {
    run_here(session, request);
  } else {
    hop(session, request, first);
  }
}

void Dispatcher::run_here(Session& session, const Request& request) {
  const auto args = request.args;
  const CallEnd end =
      shard_->executor().run(*request.command, args, shard_->hold_here(), session.caller,
                             session.replies.begin(), request.places, request.raw);
  session.replies.end(session.mutes(*request.command));
  std::shared_ptr<Waiter> waiter = shard_->executor().take_waiter();
  // A command that asks other shards, or waits, is not over yet.
  if ((session.stopped & kStopGather) == 0 && waiter == nullptr)
    shard_->note_command(session, *request.command, args, session.caller.db, end);
  after(session);
  if (waiter != nullptr) [[unlikely]]
    shard_->waits().begin(session, std::move(waiter));
}

// Prepares a command that goes to another shard: loads its words into the carriage, pins the chunk
// they stand in, and opens a place for its reply.
void Dispatcher::embark(Session& session, const Request& request, Carriage& carriage,
                        Passenger& passenger) {
  carriage.load(passenger, request);
  passenger.caller = session.caller;
  passenger.caller.session = nullptr;
  passenger.session = &session;
  passenger.reply_number = session.replies.open(session.is_muted());
  passenger.chunk = session.chunk;
  shard_->clients().chunks().pin(session.chunk);
  ++session.under_way;
}

void Dispatcher::hop(Session& session, const Request& request, size_t to) {
  if (session.has_unsent_transaction) shard_->traffic().send_group();
  Batch& batch = shard_->traffic().batch_for(to);
  Hop& hop = batch.hops.emplace_back();
  hop.command = request.command;
  embark(session, request, batch, hop);
  session.has_unsent_hops = true;
  if (to == shard_->id()) ++session.hops_home;
  ++shard_->stats().hops_sent;
  after(session);
}

void Dispatcher::hold(Session& session, const Request& request) {
  Transaction transaction;
  transaction.command = request.command;
  join_group(session, request, std::move(transaction), reach_.needs_all());
  // A command that changes users, options or functions must be over before the next one is looked
  // at. (Scripts that happen to need every shard are of another scope.)
  if (request.command->spec->scope == Scope::kAllShards) session.stop(kStopOrder);
}

// Adds a transaction over the shards of reach_ to this turn's group. `is_at_home`: the connection's
// own shard is held as well, and its session may be used.
void Dispatcher::join_group(Session& session, const Request& request, Transaction transaction,
                            bool is_at_home) {
  if (session.has_unsent_hops) shard_->traffic().send_batches();
  HoldGroup& group = shard_->traffic().pending_group();
  for (const size_t shard : reach_.shards())
    group.add_member(shard);
  for (size_t id = 0; reach_.needs_all() && id < shard_->set().size(); ++id)
    group.add_member(id);
  if (is_at_home) group.add_member(shard_->id());
  group.key_count += reach_.shards().size();
  embark(session, request, group, transaction);
  if (is_at_home) transaction.caller.session = &session;
  group.transactions.push_back(std::move(transaction));
  session.has_unsent_transaction = true;
  ++session.transactions_away;
  after(session);
  if (group.transactions.size() >= kGroupTransactionsMax || group.key_count >= kGroupKeysMax)
    shard_->traffic().send_group();
}

// ---- EXEC.

// Sets reach_ to the shards of a transaction: those of its commands and of the watched keys.
void Dispatcher::reach_for(Multi& multi) {
  reach_.clear();
  for (const QueuedCommand& queued : multi.queue.commands())
    reach_.add(*queued.command, multi.queue.argv(queued), *shard_);
  for (const WatchedKey& watched : multi.watched)
    reach_.add_shard(shard_->set().shard_of(watched.key));
}

void Dispatcher::exec(Session& session, const Request& request) {
  if (!session.multi.is_active) {
    fail(session, request, "ERR EXEC without MULTI");
    return;
  }
  if (session.multi.is_aborted) {
    shard_->clients().unwatch_all(session);
    session.multi = {};
    fail(session, request, "EXECABORT Transaction discarded because of previous errors.");
    return;
  }
  ShardSet& set = shard_->set();
  Multi multi = std::exchange(session.multi, {});
  reach_for(multi);
  const bool is_here =
      set.size() == 1 ||
      (!reach_.needs_all() && session.may_run_here() &&
       std::ranges::all_of(reach_.shards(), [&](size_t id) { return id == shard_->id(); }));
  if (!is_here) {
    exec_elsewhere(session, request, std::move(multi));
    return;
  }
  resp::ReplyBuffer& out = session.replies.begin();
  const uint64_t ns = shard_->executor().run_queue(multi.queue, multi.watched, shard_->hold_here(),
                                                   session.caller, out);
  session.replies.end(session.is_muted());
  note_exec(session, multi.queue, request.args, ns);
  after(session);
}

void Dispatcher::exec_elsewhere(Session& session, const Request& request, Multi multi) {
  Transaction transaction;
  transaction.queue = std::make_unique<CommandQueue>(std::move(multi.queue));
  transaction.watched = std::move(multi.watched);
  const bool needs_home = reach_.needs_home() || reach_.needs_all() || reach_.shards().empty();
  join_group(session, request, std::move(transaction), needs_home);
  // A transaction that changes the connection itself (SELECT) must be over before the next command.
  if (needs_home) session.stop(kStopOrder);
}

void Dispatcher::note_exec(const Session& session, CommandQueue& queue, Args args, uint64_t ns) {
  for (const QueuedCommand& queued : queue.commands()) {
    if (!queued.has_run) continue;
    shard_->note_command(session, *queued.command, queue.argv(queued), queued.db, queued.end);
  }
  shard_->note_command(session, *exec_, args, session.caller.db,
                       shard_->telemetry().count_call(*exec_, ns));
}

}  // namespace kvstash::engine
