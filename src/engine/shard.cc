#include "engine/shard.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/command/errors.h"
#include "engine/command/redaction.h"
#include "engine/data/expiry.h"

#include <algorithm>
#include <array>

namespace kvstash::engine {
namespace {

// Bounds on the work of one turn besides what clients ask for.
constexpr size_t kResizeBucketsPerTurn = 64;
constexpr size_t kEvictionsPerTurn = 256;
constexpr size_t kResumesPerTurn = 256;
// Transactions whose keys are fetched together: about what the first cache level holds.
constexpr size_t kPrefetchedTransactions = 16;
constexpr int64_t kCronPeriodMs = 100;
constexpr int64_t kUsPerMs = 1000;
constexpr int64_t kNsPerUs = 1000;
constexpr int64_t kNsPerMs = 1'000'000;
// With fewer, the blocks that the allocator keeps at hand are worth less than their memory.
constexpr double kQuietCommandsPerSecond = 1000;
constexpr size_t kSpareReplyBytesMax = size_t{1} << 20;
// Replies that other shards make for one connection at a time.
constexpr uint64_t kFlightBytesMax = uint64_t{4} << 20;

// As MONITOR shows who sent a command; a unix socket's "path:0" without the port.
std::string peer_of(const Session& session) {
  const std::string& address = session.info.address;
  if (!session.info.is_unix_socket) return address;
  return "unix:" + address.substr(0, address.rfind(':'));
}

}  // namespace

// One question to several shards, until the last has answered.
struct Shard::Gather {
  Session* session;
  uint64_t reply_number;
  resp::RespVersion resp;
  const Command* command;
  std::vector<std::string> argv;
  size_t missing;
  std::function<void(resp::ReplyWriter&)> finish;
  uint64_t cycles = 0;                         // Spent on it by all shards.
  Lsn lsn{};                                   // What the answers follow from.
  BusyWith refused_with = BusyWith::kNothing;  // One of them would not be asked.
};

Shard::Shard(ShardSet& set, size_t id)
    : set_(&set),
      id_(id),
      now_us_(set.clock().wall_now_us()),
      now_ms_(now_us_ / kUsPerMs),
      random_(set.ports().entropy->draw()),
      data_({.id = id,
             .databases = static_cast<size_t>(set.options().databases),
             .seed = set.seed(),
             .sample_seed = set.ports().entropy->draw(),
             .now_ms = now_ms_}),
      worker_{.shard = id, .stats = &stats_, .random = &random_, .pushes = &pushes_},
      client_memory_(set, id),
      pubsub_(*this),
      pushes_(set),
      tracking_(*this),
      release_(*this),
      executor_(*this),
      dispatcher_(*this),
      intake_(*this, dispatcher_, Intake::Use::kNormal),
      busy_intake_(*this, dispatcher_, Intake::Use::kBusy),
      command_stats_(set.commands().size()),
      outbox_(set.size(), nullptr) {
  data_.memory().huge_pages = set.huge_pages();
}

Shard::~Shard() {
  for (auto& [number, session] : sessions_) {
    if (session->chunk != nullptr) chunks_.drop(session->chunk);
  }
  take_mail();
  for (Message* message = received_; message != nullptr;) {
    Message* next = message->next;
    if (message->kind == Message::Kind::kTask) {
      const std::unique_ptr<Task> unrun(static_cast<Task*>(message));
    }
    message = next;
  }
}

// ---- Data.

void Shard::take_up_options() {
  slowlog_.trim(static_cast<size_t>(options().slowlog_max_len));
  publish_memory();
}

// The group stands in all mailboxes before the reply of the command that needs it does, so the
// client's shard evicts, or hears of it, before it runs what comes after that reply. Once for each
// time that memory rises over the limit: where one hold is not enough, more of them would only keep
// shards from evicting in their turns.
void Shard::evict_everywhere() {
  if (set_->size() == 1 || set_->evicts_keys_soon.exchange(true, std::memory_order_relaxed)) return;
  hold_all([](const Hold& hold) { evict(hold, kEvictionsPerTurn); });
}

// Bounded, so that a limit that was lowered does not stop the clients. True: there is more to do.
bool Shard::evict_turn() {
  if (!evicts_) return false;
  evicts_ = evict(hold_here(), kEvictionsPerTurn) == EvictionEnd::kBudgetUsed;
  if (evicts_) set_->note_memory_used();
  return evicts_;
}

void Shard::wait_for_memory(Session& session) {
  if (std::ranges::find(memory_waiters_, &session) == memory_waiters_.end())
    memory_waiters_.push_back(&session);
}

void Shard::resume_memory_waiters() {
  if (memory_waiters_.empty()) return;
  if (set_->is_overfull()) {
    set_->ask_to_evict();
    return;
  }
  for (Session* session : std::exchange(memory_waiters_, {}))
    go_on(*session, kStopMemory);
}

void Shard::unwatch_all(Session& session) {
  forget_watched(std::exchange(session.multi.watched, {}));
}

void Shard::forget_watched(std::vector<WatchedKey> keys) {
  for (WatchedKey& watched : keys) {
    const size_t owner = set_->shard_of(watched.key);
    if (owner == id_) {
      data_.watches().unwatch(watched.db, watched.key);
    } else {
      set_->submit(owner, [watched = std::move(watched)](Shard& shard) {
        shard.hold_here().shard_of(watched.key).watches().unwatch(watched.db, watched.key);
      });
    }
  }
}

// ---- Sessions.

Session& Shard::open_session(void* shell) {
  auto session = std::make_unique<Session>();
  session->info.id = set_->next_session_id();
  session->info.created_ms = session->info.active_ms = now_ms_;
  session->rate_tokens = static_cast<double>(options().client_command_rate_limit);
  session->rate_at_ms = now_ms_;
  session->caller.client_id = session->info.id;
  session->caller.home = static_cast<uint32_t>(id_);
  session->caller.session = session.get();
  session->act_as(set_->acl().default_user());
  session->is_authenticated = session->user->is_open();
  session->shell = shell;
  ++stats_.connections_accepted;
  Session& opened = *session;
  sessions_.emplace(opened.info.id, std::move(session));
  return opened;
}

void Shard::close_session(Session& session) {
  if (session.is_closed) return;
  intake_.run_staged();  // What it had sent before it went.
  session.is_closed = true;
  client_memory_.forget(session);
  session.stop(kStopClosing);
  unwatch_all(session);
  if (session.waiter != nullptr) {
    give_up_wait(session.waiter);
    leave_wait(session);
  }
  pubsub_.leave_all(session);
  tracking_.turn_off(session);
  if (session.is_monitor) {
    session.is_monitor = false;
    set_->monitor_count.fetch_sub(1, std::memory_order_relaxed);
  }
  if (session.under_way == 0) release_session(session);
}

void Shard::kill_session(Session& session) {
  if (session.is_gone()) return;
  session.is_killed = true;
  client_memory_.forget(session);
  session.stop(kStopClosing);
  killed_.push_back(session.info.id);
}

void Shard::close_killed() {
  for (const uint64_t id : std::exchange(killed_, {})) {
    if (Session* session = find_session(id); session != nullptr) port_->close_session(*session);
  }
}

void Shard::release_session(Session& session) {
  ensure(session.subscriptions == nullptr && session.tracking == nullptr);
  if (session.chunk != nullptr) {
    ensure(session.chunk != chunks_.shared());
    chunks_.drop(session.chunk);
  }
  std::erase(ready_, &session);
  std::erase(resume_, &session);
  std::erase(delayed_, &session);
  std::erase(memory_waiters_, &session);
  std::erase(push_waiters_, &session);
  tracking_.end(session);
  sessions_.erase(session.info.id);
}

Session* Shard::find_session(uint64_t id) {
  const auto at = sessions_.find(id);
  return at == sessions_.end() || at->second->is_closed ? nullptr : at->second.get();
}

void Shard::look_at_clock() {
  const int64_t now_us = set_->clock().wall_now_us();
  // The wall clock was set back: without a cron now, the shard would not rest until the time is
  // what it was, because the time of the next one by the monotonic clock has long come.
  if (now_us < now_us_) [[unlikely]]
    cron_at_ms_ = 0;
  now_us_ = now_us;
  now_ms_ = now_us_ / kUsPerMs;
}

void Shard::wake_up() {
  if (is_clock_fresh_) return;
  is_clock_fresh_ = true;
  look_at_clock();
  turn_began_ = cycles();
  if (is_asleep_.load(std::memory_order_relaxed))
    is_asleep_.store(false, std::memory_order_relaxed);
}

std::span<char> Shard::input_room(Session& session) {
  wake_up();
  return intake().input_room(session);
}

void Shard::consume(Session& session, size_t bytes) {
  wake_up();
  if (bytes != 0) session.note_activity(now_ms_);
  session.info.input_bytes += bytes;
  stats_.net_input_bytes += bytes;
  ++stats_.reads;
  intake().consume(session, bytes);
}

void Shard::delay(Session& session) {
  if (std::ranges::find(delayed_, &session) == delayed_.end()) delayed_.push_back(&session);
}

void Shard::note_ready(Session& session) {
  if (session.is_listed_ready || session.is_closed) return;
  const bool wants_input = session.is_input_off && session.stopped == 0;
  const bool waits = session.waiter != nullptr;
  if (session.replies.out().empty() && (session.stopped & kStopClosing) == 0 && !wants_input &&
      !waits)
    return;
  session.is_listed_ready = true;
  ready_.push_back(&session);
}

std::vector<Session*> Shard::take_ready() {
  for (Session* session : ready_)
    session->is_listed_ready = false;
  return std::exchange(ready_, {});
}

void Shard::go_on(Session& session, StopReason reason) {
  if ((session.stopped & reason) == 0) return;
  session.go_on(reason);
  list_resume(session);
}

void Shard::list_resume(Session& session) {
  if (session.stopped != 0 || session.is_listed_resume || session.is_closed) return;
  session.is_listed_resume = true;
  resume_.push_back(&session);
}

void Shard::resume_sessions() {
  for (size_t left = std::min(resume_.size(), kResumesPerTurn); left != 0 && !resume_.empty();
       --left) {
    Session* session = resume_.front();
    resume_.pop_front();
    session->is_listed_resume = false;
    intake_.resume(*session);
    note_ready(*session);
  }
}

void Shard::feed_monitors(const Session& session, const Command& command,
                          std::span<const std::string_view> argv, DbIndex db) {
  const int64_t now_us = set_->clock().wall_now_us();
  std::string line = "+" + std::to_string(now_us / 1'000'000) + ".";
  std::string micros = std::to_string(now_us % 1'000'000);
  line.append(6 - micros.size(), '0').append(micros);
  line += " [" + std::to_string(static_cast<uint32_t>(db)) + " " + peer_of(session) + "]";
  for (const std::string_view arg : redacted(command, argv))
    line += " " + quote(arg);
  line += "\r\n";
  const auto text = std::make_shared<const std::string>(std::move(line));
  for (size_t to = 0; to < set_->size(); ++to)
    pushes_.add(to, MonitorLine{text});
}

size_t Shard::paused_sessions() const {
  return static_cast<size_t>(std::ranges::count_if(
      delayed_, [](const Session* session) { return (session->stopped & kStopPause) != 0; }));
}

void Shard::begin_pause(int64_t asked_ns, int64_t until_ns, PauseMode mode) {
  if (pause_.end_if_over(asked_ns)) end_pause();
  pause_.begin(asked_ns, until_ns, mode);
  data_.keep_due_keys(pause_.is_on());
}

// Who is held back for another reason as well stays in the list.
void Shard::end_pause() {
  pause_.end();
  data_.keep_due_keys(false);
  for (Session* session : std::exchange(delayed_, {})) {
    go_on(*session, kStopPause);
    if ((session->stopped & kStopRate) != 0) delayed_.push_back(session);
  }
}

void Shard::end_due_pause() {
  if (pause_.is_on() && pause_.end_if_over(set_->clock().monotonic_ns())) end_pause();
}

void Shard::note_begin(const Session& session, const Command& command,
                       std::span<const std::string_view> argv, DbIndex db) {
  if (set_->monitor_count.load(std::memory_order_relaxed) != 0 && !command.has(kSkipMonitor) &&
      !command.has(kAdmin)) [[unlikely]]
    feed_monitors(session, command, argv, db);
}

void Shard::note_command(const Session& session, const Command& command,
                         std::span<const std::string_view> argv, DbIndex db, const CallEnd& end) {
  note_begin(session, command, argv, db);
  note_end(session, command, argv, end);
}

void Shard::note_end(const Session& session, const Command& command,
                     std::span<const std::string_view> argv, const CallEnd& end) {
  const auto duration_us = static_cast<int64_t>(end.ns / 1000);
  if (end.slowlog_id != CallEnd::kNotSlow) [[unlikely]] {
    slowlog_.add({.id = end.slowlog_id,
                  .time_s = now_ms_ / 1000,
                  .duration_us = duration_us,
                  .argv = Slowlog::cut(redacted(command, argv)),
                  .address = session.info.address,
                  .client_name = session.info.name},
                 static_cast<size_t>(options().slowlog_max_len));
  }
  if (options().latency_monitor_threshold_ms != 0)
    latency_.add(command.has(kFast) ? "fast-command" : "command", now_ms_ / 1000,
                 duration_us / 1000, options().latency_monitor_threshold_ms);
}

void Shard::reset_stats() {
  const uint64_t dirty = stats_.dirty;  // Not a statistic: what a save would have to write.
  stats_ = {};
  stats_.dirty = dirty;
  rates_ = {};
  for (CommandStats& stats : command_stats_)
    stats = {};
}

// ---- Between shards.

void Shard::post(size_t to, Message* message) {
  if (set_->post(to, message)) ++stats_.wakes;
}

Batch& Shard::batch_for(size_t to) {
  Batch*& batch = outbox_[to];
  if (batch != nullptr) return *batch;
  if (spare_batches_.empty()) {
    batches_.push_back(std::make_unique<Batch>());
    spare_batches_.push(batches_.back().get());
  }
  batch = spare_batches_.pop();
  batch->reset();
  batch->home = id_;
  batch->to = to;
  return *batch;
}

// What ran here before the commands that go away joins the log, and is told, before them: the other
// shard may run, log and tell them at once.
void Shard::send_batches() {
  if (std::ranges::any_of(outbox_, [](const Batch* batch) { return batch != nullptr; }))
    release_.send_before_requests();
  for (size_t to = 0; to < outbox_.size(); ++to) {
    Batch* batch = std::exchange(outbox_[to], nullptr);
    if (batch == nullptr) continue;
    for (const Hop& hop : batch->hops)
      hop.session->has_unsent_hops = false;
    ++stats_.batches_sent;
    post(to, batch);
  }
}

HoldGroup& Shard::pending_group() {
  if (group_ != nullptr) return *group_;
  if (spare_groups_.empty()) {
    groups_.push_back(std::make_unique<HoldGroup>());
    spare_groups_.push(groups_.back().get());
  }
  group_ = spare_groups_.pop();
  group_->reset(set_->size());
  group_->home = id_;
  return *group_;
}

void Shard::send_group() {
  HoldGroup* group = std::exchange(group_, nullptr);
  if (group == nullptr) return;
  release_.send_before_requests();
  for (const Transaction& transaction : group->transactions) {
    if (transaction.session != nullptr) transaction.session->has_unsent_transaction = false;
  }
  stats_.wakes += set_->enqueue(*group);
}

void Shard::hold_all(std::function<void(const Hold&)> action) {
  HoldGroup& group = pending_group();
  for (size_t id = 0; id < set_->size(); ++id)
    group.add_member(id);
  Transaction transaction;
  transaction.action = std::move(action);
  group.transactions.push_back(std::move(transaction));
  send_group();
}

void Shard::start_gather(Session& session, const Command& command,
                         std::span<const std::string_view> argv, GatherPlan plan) {
  // Shared by the parts under way; looked into on this thread only.
  auto gather =
      std::make_shared<Gather>(Gather{.session = &session,
                                      .reply_number = session.replies.open(session.mutes(command)),
                                      .resp = session.caller.resp,
                                      .command = &command,
                                      .argv = {argv.begin(), argv.end()},
                                      .missing = plan.asked.size(),
                                      .finish = std::move(plan.finish)});
  session.stop(kStopGather);
  ++session.under_way;
  const bool is_allowed_busy = command.has(kAllowBusy);
  const auto part = std::make_shared<decltype(plan.part)>(std::move(plan.part));
  for (size_t i = 0; i < plan.asked.size(); ++i) {
    set_->submit(plan.asked[i], [i, home = id_, gather, part, is_allowed_busy](Shard& shard) {
      const uint64_t began = cycles();
      const BusyWith busy = is_allowed_busy ? BusyWith::kNothing : shard.busy_with();
      if (busy == BusyWith::kNothing) (*part)(i, shard.hold_here(), shard);
      const uint64_t taken = cycles() - began;
      shard.release().add_answer(home, [gather, taken, busy](Shard& owner, Lsn lsn) {
        ensure(gather->missing != 0);
        gather->cycles += taken;
        gather->lsn = std::max(gather->lsn, lsn);
        if (busy != BusyWith::kNothing) gather->refused_with = busy;
        if (--gather->missing == 0) owner.finish_gather(*gather);
      });
    });
  }
}

void Shard::finish_gather(Gather& gather) {
  const uint64_t began = cycles();
  Session& session = *gather.session;
  resp::ReplyBuffer reply;
  resp::ReplyWriter writer(reply, gather.resp);
  CallEnd end;
  if (gather.refused_with == BusyWith::kNothing) {
    gather.finish(writer);
    gather.cycles += cycles() - began;
    executor_.count_failure(*gather.command, reply.view());
    end = executor_.count_call(*gather.command, static_cast<uint64_t>(cycles_to_ns(gather.cycles)));
  } else {
    writer.error(errors::busy(gather.refused_with));
    ++command_stats(*gather.command).rejected;
    executor_.count_error(errors::busy(gather.refused_with));
  }
  session.replies.fill(gather.reply_number, reply.view(), gather.lsn);
  const std::vector<std::string_view> argv(gather.argv.begin(), gather.argv.end());
  note_command(session, *gather.command, argv, session.caller.db, end);
  go_on(session, kStopGather);
  finish_reply(session);
}

// Adds what is in the mailbox to what was taken before.
void Shard::take_mail() {
  Message** end = &received_;
  while (*end != nullptr)
    end = &(*end)->next;
  *end = mailbox_.take();
}

void Shard::receive() {
  for (take_mail(); received_ != nullptr;) {
    Message* message = std::exchange(received_, received_->next);
    switch (message->kind) {
      case Message::Kind::kBatch:
        run_batch(*static_cast<Batch*>(message));
        break;
      case Message::Kind::kBatchDone:
        finish_batch(*static_cast<Batch*>(message));
        break;
      case Message::Kind::kHold:
        arrive(*static_cast<HoldGroup::Arrival*>(message));
        break;
      case Message::Kind::kHoldDone:
        finish_group(*static_cast<HoldGroup*>(message));
        break;
      case Message::Kind::kTask: {
        const std::unique_ptr<Task> task(static_cast<Task*>(message));
        task->run(*this);
        break;
      }
    }
  }
}

void Shard::run_batch(Batch& batch) {
  running_batch_ = &batch;
  const auto table_of = [this](const Hop& hop) -> const store::HashTable& {
    return data_.keyspace(hop.caller.db).table();
  };
  for (size_t from = 0; from < batch.hops.size(); from += kBatchCommandsMax) {
    const auto window =
        std::span(batch.hops)
            .subspan(from, std::min<size_t>(kBatchCommandsMax, batch.hops.size() - from));
    for (const Hop& hop : window) {
      for (const KeyPlace& place : batch.places_of(hop))
        table_of(hop).prefetch_bucket(place.hash);
    }
    for (const Hop& hop : window) {
      for (const KeyPlace& place : batch.places_of(hop))
        table_of(hop).prefetch_entry(place.hash);
    }
    executor_.begin_commands();
    for (Hop& hop : window) {
      if (hop.session == nullptr) [[unlikely]]
        continue;  // Answered while the shard was busy.
      running_hop_ = &hop;
      hop.reply_begin = batch.replies.size();
      hop.end = executor_.run(*hop.command, batch.argv(hop), hold_here(), hop.caller, batch.replies,
                              batch.places_of(hop), hop.raw);
      hop.reply_end = batch.replies.size();
      if (std::shared_ptr<Waiter> waiter = executor_.take_waiter(); waiter != nullptr) [[unlikely]]
        batch.waiters.emplace_back(&hop - batch.hops.data(), std::move(waiter));
    }
  }
  running_batch_ = nullptr;
  batch.kind = Message::Kind::kBatchDone;
  release_.add_done(batch);
}

void Shard::finish_batch(Batch& batch) {
  for (auto& [index, waiter] : batch.waiters)
    begin_wait(*batch.hops[index].session, std::move(waiter));
  for (const Hop& hop : batch.hops) {
    if (hop.session == nullptr) [[unlikely]]
      continue;  // Answered while that shard was busy.
    finish_hop(batch, hop, batch.reply_of(hop), batch.is_refused, batch.lsn);
  }
  if (batch.replies.capacity() > kSpareReplyBytesMax) batch.replies.release();
  spare_batches_.push(&batch);
}

void Shard::finish_hop(const Batch& batch, const Hop& hop, std::string_view reply, bool is_refused,
                       Lsn lsn) {
  Session& session = *hop.session;
  session.replies.fill(hop.reply_number, reply, lsn);
  learn_reply_size(session, reply.size());
  // One that waits is told of when it is over.
  const bool waits = hop.command->has(kBlocking) && reply.empty();
  if (!waits && !is_refused)
    note_command(session, *hop.command, batch.argv(hop), hop.caller.db, hop.end);
  chunks_.unpin(hop.chunk);
  if (batch.to == id_) --session.hops_home;
  finish_reply(session);
}

// Replies of commands that are under way are not counted as unsent yet. So that they will fit, no
// more commands go out than would fill this with replies as large as the last ones.
void Shard::learn_reply_size(Session& session, size_t bytes) {
  const uint64_t own = options().client_unsent_reply_limit_bytes;
  const uint64_t most = own == 0 ? kFlightBytesMax : std::min(own, kFlightBytesMax);
  const uint64_t fits = std::max<uint64_t>(most / std::max<size_t>(bytes, 1), 1);
  session.flight_max = static_cast<uint32_t>(
      std::min<uint64_t>({fits, session.flight_max + 1, Session::kFlightMax}));
}

void Shard::finish_reply(Session& session) {
  --session.under_way;
  if (session.is_closed) {
    if (session.under_way == 0) release_session(session);
    return;
  }
  if (session.under_way == 0) go_on(session, kStopOrder);
  go_on(session, kStopFlight);
  note_ready(session);
}

// ---- Holding.

void Shard::arrive(HoldGroup::Arrival& arrival) {
  HoldGroup& group = *arrival.group;
  ++stats_.holds;
  release_.send();  // What others may wait for must be out before this thread stops.
  const uint32_t word = park_word();
  arrival.is_parked = true;
  if (group.missing.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    park(word);
    look_at_clock();
    return;
  }
  arrival.is_parked = false;
  if (group.refused_with.load(std::memory_order_relaxed) != BusyWith::kNothing) {
    refuse_group(group);
  } else {
    run_group(group);
  }
}

void Shard::send_requests() {
  send_batches();
  send_group();
}

void Shard::flush_sessions() {
  if (is_in_busy_turn_) {
    port_->send_while_busy();
  } else {
    port_->flush_sessions();
    pushed_bytes_ = 0;
  }
}

// Its shards are held, so their tables may be looked at from here.
void Shard::prefetch_group(const HoldGroup& group, std::span<const Transaction> transactions) {
  const auto each_place = [&](auto&& visit) {
    for (const Transaction& transaction : transactions) {
      for (const KeyPlace& place : group.places_of(transaction))
        visit(set_->at(place.shard).data().keyspace(transaction.caller.db).table(), place.hash);
    }
  };
  each_place([](const store::HashTable& table, uint64_t hash) { table.prefetch_bucket(hash); });
  each_place([](const store::HashTable& table, uint64_t hash) { table.prefetch_entry(hash); });
}

void Shard::run_group(HoldGroup& group) {
  ++stats_.transactions;
  running_group_ = &group;
  executor_.begin_commands();
  const bool is_single = group.member_count == 1;
  const Hold hold = is_single ? hold_here() : hold_of(&group.members);
  const auto window = std::span(group.transactions);
  for (size_t from = 0; from < window.size(); from += kPrefetchedTransactions) {
    const auto some = window.subspan(from, std::min(kPrefetchedTransactions, window.size() - from));
    prefetch_group(group, some);
    for (Transaction& transaction : some) {
      if (transaction.is_over) [[unlikely]]
        continue;  // Answered while the shard was busy.
      running_transaction_ = &transaction;
      executor_.run_transaction(group, transaction, now(hold));
    }
  }
  running_group_ = nullptr;
  release_.send(group);
}

void Shard::let_go(HoldGroup& group) {
  for (const HoldGroup::Arrival& arrival : group.arrivals) {
    if (arrival.is_parked) set_->at(arrival.shard).unpark();
  }
  post(group.home, &group);
}

void Shard::finish_group(HoldGroup& group) {
  const bool is_refused = group.refused_with.load(std::memory_order_relaxed) != BusyWith::kNothing;
  if (is_refused) [[unlikely]]
    postpone(group);
  for (Transaction& transaction : group.transactions) {
    if (transaction.woken != nullptr) end_retry(transaction.woken);
    if (transaction.session == nullptr) continue;
    finish_transaction(group, transaction, group.reply_of(transaction), is_refused, group.lsn);
  }
  group.transactions.clear();
  if (group.replies.capacity() > kSpareReplyBytesMax) group.replies.release();
  spare_groups_.push(&group);
}

void Shard::finish_transaction(const HoldGroup& group, Transaction& transaction,
                               std::string_view reply, bool is_refused, Lsn lsn) {
  Session& session = *transaction.session;
  session.replies.fill(transaction.reply_number, reply, lsn);
  learn_reply_size(session, reply.size());
  --session.transactions_away;
  if (transaction.waiter != nullptr) {
    begin_wait(session, std::move(transaction.waiter));
  } else if (is_refused) {
    forget_watched(std::move(transaction.watched));
  } else if (transaction.command != nullptr) {
    note_command(session, *transaction.command, group.argv(transaction), transaction.caller.db,
                 transaction.end);
  } else {
    dispatcher_.note_exec(session, *transaction.queue, group.argv(transaction), transaction.end.ns);
  }
  if (transaction.chunk != nullptr) chunks_.unpin(transaction.chunk);
  finish_reply(session);
}

// ---- The turn.

bool Shard::finish_turn() {
  wake_up();
  // A client that listens hears of what others have been told already before its next reply.
  if (pubsub_.subscriptions().session_count() + tracking_.session_count() != 0) receive();
  intake_.run_staged();
  receive();
  const bool more_due = expires() && expire_turn(hold_here());
  if (more_due) ++stats_.expire_budgets_used;
  if (now_ms_ >= cron_at_ms_) cron();
  const bool more_to_evict = evict_turn();
  const bool more_to_trim = tracking_.trim();
  end_due_waits();
  end_due_pause();
  if (data_.blocked_keys().has_ready()) executor_.serve_waiters(hold_here());
  resume_memory_waiters();
  resume_push_waiters();
  resume_sessions();
  close_killed();
  release_.send();
  if (store::Garbage& garbage = data_.memory().garbage; !garbage.empty())
    set_->reaper().take(std::move(garbage));
  if (options().maxmemory_bytes != 0) {
    set_->measure_overhead(now_ms_);
    publish_memory();
  }

  bool resizes = false;
  data_.each_keyspace([&resizes](DbIndex, store::Keyspace& space) {
    if (space.table().is_resizing()) resizes = space.step_resize(kResizeBucketsPerTurn) || resizes;
  });
  ++stats_.turns;
  stats_.turn_time.add(static_cast<uint64_t>(cycles_to_ns(cycles() - turn_began_)));
  is_clock_fresh_ = false;
  return more_due || more_to_evict || more_to_trim || resizes || !resume_.empty() ||
         !killed_.empty();
}

bool Shard::prepare_sleep() {
  if (received_ != nullptr) return false;  // Left over from when the shard was busy.
  is_asleep_.store(true, std::memory_order_seq_cst);
  if (mailbox_.is_empty()) return true;
  is_asleep_.store(false, std::memory_order_relaxed);
  return false;
}

int64_t Shard::next_event_ns() const {
  const bool looks_soon = !memory_waiters_.empty() || !push_waiters_.empty();
  int64_t next_ms = looks_soon ? std::min(cron_at_ms_, now_ms_ + 1) : cron_at_ms_;
  if (const auto due_ms = expires() ? next_deadline_ms(data_) : std::nullopt)
    next_ms = std::min(next_ms, *due_ms);
  int64_t next_ns = next_ms * kNsPerMs + clocks_apart_ns_;
  if (const auto due_ns = waiting_.next_deadline_ns()) next_ns = std::min(next_ns, *due_ns);
  if (const auto due_ns = pause_.until_ns()) next_ns = std::min(next_ns, *due_ns);
  return next_ns;
}

// What a burst left behind, or a time when another shard was slow: it counts as memory used, and
// may stand where keys could.
void Shard::trim_spares() {
  const auto free_idle = [](auto& spares, auto& owned) {
    const auto idle = spares.take_idle();
    if (idle.empty()) return;
    std::erase_if(
        owned, [&](const auto& one) { return std::ranges::find(idle, one.get()) != idle.end(); });
  };
  chunks_.trim();
  intake_.trim();
  free_idle(spare_batches_, batches_);
  free_idle(spare_groups_, groups_);
  if (rates_.commands.per_second() < kQuietCommandsPerSecond) allocator_flush_thread();
}

void Shard::cron() {
  cron_at_ms_ = now_ms_ + kCronPeriodMs;
  clocks_apart_ns_ = set_->clock().monotonic_ns() - set_->clock().wall_now_us() * kNsPerUs;
  if (!postponed_.empty()) take_up_postponed();
  if (is_cron_paused) return;
  trim_spares();
  tracking_.sweep();
  publish_memory();
  if (id_ == 0) set_->measure_overhead(now_ms_);  // Raises the peak as well.
  set_->note_memory_used();
  const uint64_t limit = options().maxmemory_bytes;
  if (limit != 0 && set_->memory_used() > limit) {
    begin_evicting();
  } else {
    set_->note_exceeding(false, now_ms_);
  }
  bound_unasked_output();
  data_.hot_keys().fade(now_ms_);
  rates_.commands.sample(now_ms_, stats_.commands);
  rates_.input_bytes.sample(now_ms_, stats_.net_input_bytes);
  rates_.output_bytes.sample(now_ms_, stats_.net_output_bytes);
  rates_.turns.sample(now_ms_, stats_.turns);
  rates_.turn_ns.sample(now_ms_, stats_.turn_time.sum_ns());
  for (Session* session : std::exchange(delayed_, {})) {
    go_on(*session, kStopRate);
    if ((session->stopped & kStopPause) != 0) delayed_.push_back(session);
  }
}

}  // namespace kvstash::engine
