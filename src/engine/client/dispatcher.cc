#include "engine/client/dispatcher.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/client/admission.h"
#include "engine/shard.h"

#include <algorithm>
#include <cstring>

namespace kvstash::engine {
namespace {

// What one group may gather: more would make its members wait too long for each other.
constexpr size_t kGroupTransactionsMax = 256;
constexpr size_t kGroupKeysMax = 8192;
// One warning about HTTP in so much time: an attacker must not fill the log.
constexpr int64_t kHttpLogPeriodMs = 60'000;

Hop make_hop(Session& session, const Command& command) {
  Hop hop{};
  hop.command = &command;
  hop.caller = session.caller;
  hop.caller.session = nullptr;
  hop.session = &session;
  hop.chunk = session.chunk;
  return hop;
}

// Between MULTI and EXEC a command waits, but for those that end or watch the transaction.
bool is_queued(const Command& command) {
  const std::string_view name = command.name;
  return name != "exec" && name != "discard" && name != "multi" && name != "watch" &&
         name != "quit" && name != "reset";
}

// Whether it may lead to messages for clients of other shards: publications and changes of keys.
bool makes_pushes(uint32_t flags) {
  return (flags & (kWrite | kMayReplicate)) != 0;
}

}  // namespace

Dispatcher::Dispatcher(Shard& shard) : shard_(&shard) {
  // By its own name, which a rename does not change.
  for (const Command* command : shard.set().commands().all()) {
    if (command->name == "exec") exec_ = command;
  }
}

// ---- Gates.

// A browser that was lured into sending a form here: what else it holds must not be run.
bool Dispatcher::is_http(Session& session, std::string_view name) {
  if (!equals_ignore_case(name, "post") && !equals_ignore_case(name, "host:")) return false;
  if (shard_->now_ms() >= http_log_at_ms_) {
    http_log_at_ms_ = shard_->now_ms() + kHttpLogPeriodMs;
    log(LogLevel::kWarning,
        "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
        "commands to kvstash. This is likely due to an attacker attempting to use Cross Protocol "
        "Scripting to compromise this server. Connection aborted.",
        {{"addr", session.info.address}});
  }
  shard_->kill_session(session);
  return true;
}

bool Dispatcher::has_rate_token(Session& session) {
  const int64_t rate = shard_->options().client_command_rate_limit;
  if (rate == 0) return true;
  const int64_t now_ms = shard_->now_ms();
  const int64_t passed_ms = std::max<int64_t>(now_ms - session.rate_at_ms, 0);
  const double earned = static_cast<double>(passed_ms) * static_cast<double>(rate) / 1000.0;
  // Without a limit commands take tokens that nobody gives: such a debt is forgotten.
  const double kept = std::max(session.rate_tokens, 0.0);
  session.rate_tokens = std::min(kept + earned, static_cast<double>(rate));
  session.rate_at_ms = now_ms;
  return session.rate_tokens >= 1;
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

// Nothing is counted or told before the command is surely taken: one that waits comes here again.
bool Dispatcher::take(Session& session, Request request) {
  session.note_activity(shard_->now_ms());
  if (shard_->is_draining && !equals_ignore_case(request.args[0], "shutdown")) [[unlikely]] {
    session.stop(kStopDrain);
    return false;
  }
  if (!has_rate_token(session)) {
    session.stop(kStopRate);
    return false;
  }
  if (request.command == nullptr || !request.command->subcommands.empty() ||
      !CommandTable::arity_fits(*request.command, request.args.size())) {
    const Result<const Command*> resolved = shard_->set().commands().resolve(request.args);
    if (!resolved.ok()) {
      if (is_http(session, request.args[0])) return false;
      const Command* named = shard_->set().commands().lookup(request.args);
      session.info.last_command = named;
      refuse(session, named, resolved.error().message());
      return true;
    }
    request.command = *resolved;
  }
  const Command& command = *request.command;
  session.info.last_command = &command;
  const auto flags = [&] { return flags_of(session, command, request.args, *shard_); };
  if (Status admitted = admit(session, command, shard_->options()); !admitted.ok()) {
    refuse(session, &command, admitted.error().message());
    return true;
  }
  if (const auto denial = deny(session, command, request.args, *shard_)) [[unlikely]] {
    refuse(session, &command, "NOPERM " + acl_message(*denial, session.user->name, false));
    return true;
  }
  if (shard_->busy_with() != BusyWith::kNothing && !command.has(kAllowBusy)) [[unlikely]] {
    refuse(session, &command, errors::busy(shard_->busy_with()));
    return true;
  }
  if (shard_->pause().is_on() && is_paused(session, command, flags(), shard_->pause().is_for_all()))
      [[unlikely]] {
    session.stop(kStopPause);
    return false;
  }
  const bool queues = session.multi.is_active && is_queued(command);
  if (shard_->set().has_many_pushes() && !queues && makes_pushes(flags())) [[unlikely]] {
    session.stop(kStopPushes);
    return false;
  }
  if (shard_->options().maxmemory_bytes != 0 && !has_memory(session, command, flags(), queues))
      [[unlikely]]
    return (session.stopped & kStopMemory) == 0;
  // Asking others comes after all that the connection sent before.
  const bool gathers = !queues && command.spec->scope == Scope::kGather;
  if (gathers && shard_->set().size() > 1 && session.under_way != 0) {
    session.stop(kStopOrder);
    return false;
  }
  // One that may wait comes after all that was sent before, too, and all after comes after it.
  const bool may_wait = !queues && command.has(kBlocking);
  if (may_wait && session.under_way != 0) {
    session.stop(kStopOrder);
    return false;
  }
  if (may_wait) session.is_wait_muted = session.is_muted();
  ++session.info.commands;
  if (queues) {
    queue(session, request);
  } else if (&command == exec_) {
    exec(session, request);
  } else if (gathers) {
    run_here(session, request);
  } else {
    route(session, request);
  }
  if (may_wait && session.under_way != 0) session.stop(kStopOrder);
  return true;
}

// The gate of maxmemory, for what is decided before a command reaches its shard: writers wait while
// eviction cannot keep up, and transactions are refused as a whole when nothing can be evicted. A
// queue takes memory whatever stands in it. False: refused, or stopped.
bool Dispatcher::has_memory(Session& session, const Command& command, uint32_t flags, bool queues) {
  ShardSet& set = shard_->set();
  const bool writes = (flags & kDenyOom) != 0;
  if (writes && !queues && set.is_overfull()) {
    session.stop(kStopMemory);
    return false;
  }
  if (!queues && !(writes && &command == exec_)) return true;
  shard_->publish_memory();
  if (!set.is_out_of_memory()) return true;
  refuse(session, &command, errors::out_of_memory().message());
  return false;
}

void Dispatcher::queue(Session& session, const Request& request) {
  // What will be thrown away is not kept.
  if (!session.multi.is_aborted) {
    session.multi.queue.add(*request.command, request.args,
                            flags_of(session, *request.command, request.args, *shard_));
  }
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.simple("QUEUED");
  session.replies.end(session.is_muted());
  after(session);
}

// A command that was taken, and failed.
void Dispatcher::fail(Session& session, const Request& request, std::string_view message) {
  shard_->executor().count_call(*request.command, 0);
  ++shard_->command_stats(*request.command).failed;
  shard_->note_begin(session, *request.command, request.args, session.caller.db);
  shard_->executor().count_error(message);
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(session.is_muted());
  after(session);
}

// A command that cannot be taken spoils the transaction it stands in; an EXEC ends it.
void Dispatcher::refuse(Session& session, const Command* command, std::string_view message) {
  if (command != nullptr) ++shard_->command_stats(*command).rejected;
  std::string of_exec;
  if (command == exec_ && command != nullptr) {
    shard_->unwatch_all(session);
    session.multi = {};
    of_exec = "EXECABORT Transaction discarded because of: ";
    message = of_exec += message.starts_with("ERR ") ? message.substr(4) : message;
  } else if (session.multi.is_active) {
    session.multi.is_aborted = true;
  }
  shard_->executor().count_error(message);
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(session.is_muted());
  after(session);
}

// CLIENT REPLY SKIP silences the one command after it.
void Dispatcher::after(Session& session) {
  session.rate_tokens -= 1;
  if (session.reply_mode == ReplyMode::kSkipThis) session.reply_mode = ReplyMode::kOn;
  if (session.reply_mode == ReplyMode::kSkipNext) session.reply_mode = ReplyMode::kSkipThis;
  const int64_t limit = shard_->options().client_commands_in_flight_limit;
  const size_t waiting = session.replies.waiting();
  if (waiting >= session.flight_max || (limit != 0 && waiting >= static_cast<size_t>(limit)))
    session.stop(kStopFlight);
  if (session.replies.bytes() > session.output_mark) [[unlikely]]
    shard_->look_at_output(session);
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
  // One that asks other shards, or waits, is not over yet.
  if ((session.stopped & kStopGather) == 0 && waiter == nullptr)
    shard_->note_command(session, *request.command, args, session.caller.db, end);
  after(session);
  if (waiter != nullptr) [[unlikely]]
    shard_->begin_wait(session, std::move(waiter));
}

void Dispatcher::hop(Session& session, const Request& request, size_t to) {
  if (session.has_unsent_transaction) shard_->send_group();
  Batch& batch = shard_->batch_for(to);
  const auto args = request.args;
  Hop hop = make_hop(session, *request.command);
  hop.first_arg = static_cast<uint32_t>(batch.args.size());
  hop.argc = static_cast<uint32_t>(request.args.size());
  hop.raw = request.raw;
  hop.reply_number = session.replies.open(session.is_muted());
  batch.args.insert(batch.args.end(), args.begin(), args.end());
  const KeyPlaces of_keys = request.places;
  hop.first_place = static_cast<uint32_t>(batch.places.size());
  hop.place_count = static_cast<uint32_t>(request.places.size());
  batch.places.insert(batch.places.end(), of_keys.begin(), of_keys.end());
  batch.hops.push_back(hop);
  shard_->chunks().pin(session.chunk);
  session.has_unsent_hops = true;
  if (to == shard_->id()) ++session.hops_home;
  ++session.under_way;
  ++shard_->stats().hops_sent;
  after(session);
}

void Dispatcher::hold(Session& session, const Request& request) {
  if (session.has_unsent_hops) shard_->send_batches();
  ShardSet& set = shard_->set();
  const auto args = request.args;
  HoldGroup& group = shard_->pending_group();
  Transaction transaction;
  transaction.command = request.command;
  transaction.first_arg = static_cast<uint32_t>(group.args.size());
  transaction.argc = static_cast<uint32_t>(request.args.size());
  transaction.raw = request.raw;
  transaction.caller = session.caller;
  transaction.caller.session = nullptr;
  transaction.session = &session;
  transaction.reply_number = session.replies.open(session.is_muted());
  transaction.chunk = session.chunk;
  shard_->chunks().pin(session.chunk);
  group.args.insert(group.args.end(), args.begin(), args.end());
  const KeyPlaces of_keys = request.places;
  transaction.first_place = static_cast<uint32_t>(group.places.size());
  transaction.place_count = static_cast<uint32_t>(request.places.size());
  group.places.insert(group.places.end(), of_keys.begin(), of_keys.end());
  for (const size_t shard : reach_.shards())
    group.add_member(shard);
  if (reach_.needs_all()) {
    for (size_t i = 0; i < set.size(); ++i)
      group.add_member(i);
    transaction.caller.session = &session;  // Every shard is held, the connection's own too.
  }
  group.key_count += reach_.shards().size();
  group.transactions.push_back(std::move(transaction));
  session.has_unsent_transaction = true;
  ++session.transactions_away;
  ++session.under_way;
  after(session);
  // What changes users, options or functions is done before anything after it is looked at.
  // (Scripts that happen to need every shard are of another scope.)
  if (request.command->spec->scope == Scope::kAllShards) session.stop(kStopOrder);
  if (group.transactions.size() >= kGroupTransactionsMax || group.key_count >= kGroupKeysMax)
    shard_->send_group();
}

// ---- EXEC.

// Which shards a transaction takes: those of its commands and of the watched keys.
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
    shard_->unwatch_all(session);
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
  if (session.has_unsent_hops) shard_->send_batches();
  ShardSet& set = shard_->set();
  HoldGroup& group = shard_->pending_group();
  for (const size_t id : reach_.shards())
    group.add_member(id);
  for (size_t id = 0; reach_.needs_all() && id < set.size(); ++id)
    group.add_member(id);
  const bool needs_home = reach_.needs_home() || reach_.needs_all() || reach_.shards().empty();
  if (needs_home) group.add_member(shard_->id());
  group.key_count += reach_.shards().size();

  const auto args = request.args;
  Transaction transaction;
  transaction.queue = std::make_unique<CommandQueue>(std::move(multi.queue));
  transaction.watched = std::move(multi.watched);
  transaction.first_arg = static_cast<uint32_t>(group.args.size());
  transaction.argc = static_cast<uint32_t>(request.args.size());
  group.args.insert(group.args.end(), args.begin(), args.end());
  transaction.chunk = session.chunk;
  shard_->chunks().pin(session.chunk);
  transaction.caller = session.caller;
  if (!needs_home) transaction.caller.session = nullptr;
  transaction.session = &session;
  transaction.reply_number = session.replies.open(session.is_muted());
  group.transactions.push_back(std::move(transaction));
  session.has_unsent_transaction = true;
  ++session.transactions_away;
  ++session.under_way;
  after(session);
  // A transaction that changes the connection itself (SELECT) must be over before the next command.
  if (needs_home) session.stop(kStopOrder);
  if (group.transactions.size() >= kGroupTransactionsMax || group.key_count >= kGroupKeysMax)
    shard_->send_group();
}

void Dispatcher::note_exec(const Session& session, CommandQueue& queue, Args args, uint64_t ns) {
  for (const QueuedCommand& queued : queue.commands()) {
    if (!queued.has_run) continue;
    shard_->note_command(session, *queued.command, queue.argv(queued), queued.db, queued.end);
  }
  shard_->note_command(session, *exec_, args, session.caller.db,
                       shard_->executor().count_call(*exec_, ns));
}

}  // namespace kvstash::engine
