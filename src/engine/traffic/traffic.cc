#include "engine/traffic/traffic.h"

#include "base/clock.h"
#include "engine/command/errors.h"
#include "engine/shard.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace kvstash::engine {
namespace {

// The number of transactions whose keys are prefetched together: about what the first cache level
// holds.
constexpr size_t kPrefetchedTransactions = 16;
constexpr size_t kSpareReplyBytesMax = size_t{1} << 20;

}  // namespace

// A gather under way: one question to several shards, until the last has answered.
struct Traffic::Gather {
  Session* session;
  uint64_t reply_number;
  resp::RespVersion resp;
  const Command* command;
  std::vector<std::string> argv;
  size_t missing;
  std::function<void(resp::ReplyWriter&)> finish;
  uint64_t cycles = 0;                         // Spent on it by all shards.
  Lsn lsn{};                                   // The LSN that the answers follow from.
  BusyWith refused_with = BusyWith::kNothing;  // An asked shard was busy.
};

Traffic::Traffic(Shard& shard) : shard_(&shard), outbox_(shard.set().size(), nullptr) {}

Traffic::~Traffic() {
  drop_mail();
}

void Traffic::drop_mail() {
  take_mail();
  for (Message* message = std::exchange(received_, nullptr); message != nullptr;) {
    Message* next = message->next;
    if (message->kind == Message::Kind::kTask) {
      const std::unique_ptr<Task> unrun(static_cast<Task*>(message));
    } else if (message->kind == Message::Kind::kPushes) {
      const std::unique_ptr<PushBox> unheard(static_cast<PushBox*>(message));
    }
    message = next;
  }
}

// ---- The mailbox.

bool Traffic::prepare_sleep() {
  // Messages were left over when the shard was busy.
  if (received_ != nullptr) return false;
  is_asleep_.store(true, std::memory_order_seq_cst);
  if (mailbox_.is_empty()) return true;
  is_asleep_.store(false, std::memory_order_relaxed);
  return false;
}

// Appends the messages in the mailbox to those that were taken before.
void Traffic::take_mail() {
  Message** end = &received_;
  while (*end != nullptr)
    end = &(*end)->next;
  *end = mailbox_.take();
}

void Traffic::receive() {
  run_batches();  // Of those that stood still, if keys need not be waited for any longer.
  for (take_mail(); received_ != nullptr;) {
    Message* message = std::exchange(received_, received_->next);
    switch (message->kind) {
      case Message::Kind::kBatch:
        to_run_.push_back(static_cast<Batch*>(message));
        run_batches();
        break;
      case Message::Kind::kBatchDone:
        finish_batch(*static_cast<Batch*>(message));
        break;
      case Message::Kind::kHold:
        arrive(*static_cast<HoldGroup::Arrival*>(message));
        run_batches();
        break;
      case Message::Kind::kHoldDone:
        finish_group(*static_cast<HoldGroup*>(message));
        break;
      case Message::Kind::kTask: {
        const std::unique_ptr<Task> task(static_cast<Task*>(message));
        task->run(*shard_);
        break;
      }
      case Message::Kind::kPushes: {
        const std::unique_ptr<PushBox> box(static_cast<PushBox*>(message));
        shard_->receive_pushes(*box, true);
        break;
      }
    }
  }
}

void Traffic::receive_pushes() {
  take_mail();
  for (Message** at = &received_; *at != nullptr;) {
    Message* message = *at;
    if (message->kind != Message::Kind::kPushes) {
      at = &message->next;
      continue;
    }
    *at = message->next;
    const std::unique_ptr<PushBox> box(static_cast<PushBox*>(message));
    shard_->receive_pushes(*box, false);
  }
}

// ---- Out.

void Traffic::post(size_t to, Message* message) {
  if (shard_->set().post(to, message)) ++shard_->stats().wakes;
}

Batch& Traffic::batch_for(size_t to) {
  Batch*& batch = outbox_[to];
  if (batch != nullptr) return *batch;
  if (spare_batches_.empty()) {
    batches_.push_back(std::make_unique<Batch>());
    spare_batches_.push(batches_.back().get());
  }
  batch = spare_batches_.pop();
  batch->reset();
  batch->home = shard_->id();
  batch->to = to;
  return *batch;
}

// The records and pushes of commands that ran here before those that are sent away leave first: the
// other shard may run, record and publish at once.
void Traffic::send_batches() {
  if (std::ranges::any_of(outbox_, [](const Batch* batch) { return batch != nullptr; }))
    shard_->release().send_before_requests();
  for (size_t to = 0; to < outbox_.size(); ++to) {
    Batch* batch = std::exchange(outbox_[to], nullptr);
    if (batch == nullptr) continue;
    for (const Hop& hop : batch->hops)
      hop.session->has_unsent_hops = false;
    ++shard_->stats().batches_sent;
    post(to, batch);
  }
}

HoldGroup& Traffic::pending_group() {
  if (group_ != nullptr) return *group_;
  if (spare_groups_.empty()) {
    groups_.push_back(std::make_unique<HoldGroup>());
    spare_groups_.push(groups_.back().get());
  }
  group_ = spare_groups_.pop();
  group_->reset(shard_->set().size());
  group_->home = shard_->id();
  return *group_;
}

void Traffic::send_group() {
  HoldGroup* group = std::exchange(group_, nullptr);
  if (group == nullptr) return;
  shard_->release().send_before_requests();
  for (const Transaction& transaction : group->transactions) {
    if (transaction.session != nullptr) transaction.session->has_unsent_transaction = false;
  }
  shard_->stats().wakes += shard_->set().enqueue(*group);
}

void Traffic::send_requests() {
  send_batches();
  send_group();
}

void Traffic::hold_all(std::function<void(const Hold&)> action) {
  std::vector<size_t> all(shard_->set().size());
  std::iota(all.begin(), all.end(), size_t{0});
  hold_some(all, std::move(action));
}

void Traffic::hold_some(std::span<const size_t> shards, std::function<void(const Hold&)> action) {
  HoldGroup& group = pending_group();
  for (const size_t id : shards)
    group.add_member(id);
  Transaction transaction;
  transaction.action = std::move(action);
  group.transactions.push_back(std::move(transaction));
  send_group();
}

// ---- Gathers.

LaterAnswer Traffic::answer_later(Session& session, const Command& command,
                                  std::span<const std::string_view> argv) {
  auto gather =
      std::make_shared<Gather>(Gather{.session = &session,
                                      .reply_number = session.replies.open(session.mutes(command)),
                                      .resp = session.caller.resp,
                                      .command = &command,
                                      .argv = {argv.begin(), argv.end()},
                                      .missing = 0,
                                      .finish = {}});
  session.stop(kStopGather);
  ++session.under_way;
  return [set = &shard_->set(), home = shard_->id(), gather](WriteReply write) {
    set->submit(home, [gather, write = std::move(write)](Shard& owner) mutable {
      gather->finish = std::move(write);
      owner.traffic().finish_gather(*gather);
    });
  };
}

void Traffic::start_gather(Session& session, const Command& command,
                           std::span<const std::string_view> argv, GatherPlan plan) {
  // Shared by the parts under way; read only on this thread.
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
    shard_->set().submit(
        plan.asked[i], [i, home = shard_->id(), gather, part, is_allowed_busy](Shard& shard) {
          const uint64_t began = cycles();
          const BusyWith busy = is_allowed_busy ? BusyWith::kNothing : shard.busy().with();
          if (busy == BusyWith::kNothing) (*part)(i, shard.hold_here(), shard);
          const uint64_t taken = cycles() - began;
          shard.release().add_answer(home, [gather, taken, busy](Shard& owner, Lsn lsn) {
            ensure(gather->missing != 0);
            gather->cycles += taken;
            gather->lsn = std::max(gather->lsn, lsn);
            if (busy != BusyWith::kNothing) gather->refused_with = busy;
            if (--gather->missing == 0) owner.traffic().finish_gather(*gather);
          });
        });
  }
}

void Traffic::finish_gather(Gather& gather) {
  const uint64_t began = cycles();
  Session& session = *gather.session;
  resp::ReplyBuffer reply;
  resp::ReplyWriter writer(reply, gather.resp);
  CallEnd end;
  if (gather.refused_with == BusyWith::kNothing) {
    gather.finish(writer);
    gather.cycles += cycles() - began;
    shard_->telemetry().count_failure(*gather.command, reply.view());
    end = shard_->telemetry().count_call(*gather.command,
                                         static_cast<uint64_t>(cycles_to_ns(gather.cycles)));
  } else {
    writer.error(errors::busy(gather.refused_with));
    ++shard_->telemetry().of(*gather.command).rejected;
    shard_->telemetry().count_error(errors::busy(gather.refused_with));
  }
  session.replies.fill(gather.reply_number, reply.view(), gather.lsn);
  const std::vector<std::string_view> argv(gather.argv.begin(), gather.argv.end());
  shard_->note_command(session, *gather.command, argv, session.caller.db, end);
  shard_->clients().go_on(session, kStopGather);
  shard_->clients().finish_reply(session);
}

// ---- Batches of other shards, and their own that come home.

// Runs batches in the order of their arrival. A batch that has to wait for an eviction goes on
// later where it stopped.
void Traffic::run_batches() {
  while (!to_run_.empty() && run_batch(*to_run_.front()))
    to_run_.pop_front();
}

// Runs the hops of a batch. False: keys have to be evicted before its next hop runs.
bool Traffic::run_batch(Batch& batch) {
  shard_->busy().running.batch = &batch;
  const auto table_of = [this](const Hop& hop) -> const store::HashTable& {
    return shard_->data().keyspace(hop.caller.db).table();
  };
  while (batch.next < batch.hops.size() && !shard_->awaits_eviction()) {
    const auto window = std::span(batch.hops)
                            .subspan(batch.next, std::min<size_t>(kBatchCommandsMax,
                                                                  batch.hops.size() - batch.next));
    for (const Hop& hop : window) {
      for (const KeyPlace& place : batch.places_of(hop))
        table_of(hop).prefetch_bucket(place.hash);
    }
    for (const Hop& hop : window) {
      for (const KeyPlace& place : batch.places_of(hop))
        table_of(hop).prefetch_entry(place.hash);
    }
    shard_->executor().begin_commands();
    for (Hop& hop : window) {
      if (shard_->awaits_eviction()) [[unlikely]]
        break;
      run_hop(batch, hop);
      ++batch.next;
    }
  }
  shard_->busy().running.batch = nullptr;
  if (batch.next < batch.hops.size()) return false;
  batch.kind = Message::Kind::kBatchDone;
  shard_->release().add_done(batch);
  return true;
}

void Traffic::run_hop(Batch& batch, Hop& hop) {
  if (hop.session == nullptr) [[unlikely]]
    return;  // Answered while the shard was busy.
  shard_->busy().running.hop = &hop;
  hop.reply_begin = batch.replies.size();
  hop.end = shard_->executor().run(*hop.command, batch.argv(hop), shard_->hold_here(), hop.caller,
                                   batch.replies, batch.places_of(hop), hop.raw);
  hop.reply_end = batch.replies.size();
  if (std::shared_ptr<Waiter> waiter = shard_->executor().take_waiter(); waiter != nullptr)
      [[unlikely]]
    batch.waiters.emplace_back(&hop - batch.hops.data(), std::move(waiter));
}

void Traffic::finish_batch(Batch& batch) {
  for (auto& [index, waiter] : batch.waiters)
    shard_->waits().begin(*batch.hops[index].session, std::move(waiter));
  for (const Hop& hop : batch.hops) {
    if (hop.session == nullptr) [[unlikely]]
      continue;  // The hop was answered while its shard was busy.
    finish_hop(batch, hop, batch.reply_of(hop), batch.is_refused, batch.lsn);
  }
  if (batch.replies.capacity() > kSpareReplyBytesMax) batch.replies.release();
  spare_batches_.push(&batch);
}

void Traffic::finish_hop(const Batch& batch, const Hop& hop, std::string_view reply,
                         bool is_refused, Lsn lsn) {
  Session& session = *hop.session;
  session.replies.fill(hop.reply_number, reply, lsn);
  shard_->pushes().follow(lsn);  // Of what monitors are told of it.
  shard_->clients().learn_reply_size(session, reply.size());
  // The slow log and monitors are told of a command that waits when its wait is over.
  const bool waits = hop.command->has(kBlocking) && reply.empty();
  if (!waits && !is_refused)
    shard_->note_command(session, *hop.command, batch.argv(hop), hop.caller.db, hop.end);
  shard_->clients().chunks().unpin(hop.chunk);
  if (batch.to == shard_->id()) --session.hops_home;
  shard_->clients().finish_reply(session);
}

// ---- Groups of transactions.

void Traffic::arrive(HoldGroup::Arrival& arrival) {
  HoldGroup& group = *arrival.group;
  ++shard_->stats().holds;
  // All that other shards may wait for must leave before this thread stops.
  shard_->release().send();
  const uint32_t value = shard_->park_word().value();
  arrival.is_parked = true;
  if (group.missing.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    shard_->park(value);
    return;
  }
  arrival.is_parked = false;
  if (group.refused_with.load(std::memory_order_relaxed) != BusyWith::kNothing) {
    shard_->busy().refuse(group);
  } else {
    run_group(group);
  }
}

// Prefetches the keys of transactions. Their shards are held, so this thread may read their tables.
void Traffic::prefetch_group(const HoldGroup& group, std::span<const Transaction> transactions) {
  const auto each_place = [&](auto&& visit) {
    for (const Transaction& transaction : transactions) {
      for (const KeyPlace& place : group.places_of(transaction))
        visit(shard_->set().at(place.shard).data().keyspace(transaction.caller.db).table(),
              place.hash);
    }
  };
  each_place([](const store::HashTable& table, uint64_t hash) { table.prefetch_bucket(hash); });
  each_place([](const store::HashTable& table, uint64_t hash) { table.prefetch_entry(hash); });
}

void Traffic::run_group(HoldGroup& group) {
  ++shard_->stats().transactions;
  shard_->busy().running.group = &group;
  shard_->executor().begin_commands();
  const bool is_single = group.member_count == 1;
  const Hold hold = is_single ? shard_->hold_here() : shard_->hold_of(&group.members);
  const auto window = std::span(group.transactions);
  for (size_t from = 0; from < window.size(); from += kPrefetchedTransactions) {
    const auto some = window.subspan(from, std::min(kPrefetchedTransactions, window.size() - from));
    prefetch_group(group, some);
    for (Transaction& transaction : some) {
      if (transaction.is_over) [[unlikely]]
        continue;  // Answered while the shard was busy.
      shard_->busy().running.transaction = &transaction;
      shard_->executor().run_transaction(group, transaction, shard_->clock().now(hold));
    }
  }
  shard_->busy().running.group = nullptr;
  shard_->release().send(group);
}

void Traffic::let_go(HoldGroup& group) {
  for (const HoldGroup::Arrival& arrival : group.arrivals) {
    if (arrival.is_parked) shard_->set().at(arrival.shard).park_word().unpark();
  }
  post(group.home, &group);
}

void Traffic::finish_group(HoldGroup& group) {
  const bool is_refused = group.refused_with.load(std::memory_order_relaxed) != BusyWith::kNothing;
  if (is_refused) [[unlikely]]
    shard_->busy().postpone(group);
  for (Transaction& transaction : group.transactions) {
    if (transaction.woken != nullptr) shard_->waits().end_retry(transaction.woken);
    if (transaction.session == nullptr) continue;
    finish_transaction(group, transaction, group.reply_of(transaction), is_refused, group.lsn);
  }
  group.transactions.clear();
  if (group.replies.capacity() > kSpareReplyBytesMax) group.replies.release();
  spare_groups_.push(&group);
}

void Traffic::finish_transaction(const HoldGroup& group, Transaction& transaction,
                                 std::string_view reply, bool is_refused, Lsn lsn) {
  Session& session = *transaction.session;
  session.replies.fill(transaction.reply_number, reply, lsn);
  shard_->pushes().follow(lsn);  // Of what monitors are told of it.
  shard_->clients().learn_reply_size(session, reply.size());
  --session.transactions_away;
  if (transaction.waiter != nullptr) {
    shard_->waits().begin(session, std::move(transaction.waiter));
  } else if (is_refused) {
    shard_->clients().forget_watched(std::move(transaction.watched));
  } else if (transaction.command != nullptr) {
    shard_->note_command(session, *transaction.command, group.argv(transaction),
                         transaction.caller.db, transaction.end);
  } else {
    shard_->dispatcher().note_exec(session, *transaction.queue, group.argv(transaction),
                                   transaction.end.ns);
  }
  if (transaction.chunk != nullptr) shard_->clients().chunks().unpin(transaction.chunk);
  shard_->clients().finish_reply(session);
}

void Traffic::trim() {
  const auto free_idle = [](auto& spares, auto& owned) {
    const auto idle = spares.take_idle();
    if (idle.empty()) return;
    std::erase_if(
        owned, [&](const auto& one) { return std::ranges::find(idle, one.get()) != idle.end(); });
  };
  free_idle(spare_batches_, batches_);
  free_idle(spare_groups_, groups_);
}

}  // namespace kvstash::engine
