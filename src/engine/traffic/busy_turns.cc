#include "engine/traffic/busy_turns.h"

#include "engine/command/errors.h"
#include "engine/shard.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::engine {
namespace {

bool is_being_answered(const Session* session) {
  return session != nullptr && session->replies.has_begun();
}

// Whether a message must wait until the script is over: it may change keys, or its replies would
// get into a reply that is being written.
bool must_wait(const Message& message) {
  switch (message.kind) {
    case Message::Kind::kBatch:
    case Message::Kind::kHold:
    case Message::Kind::kPushes:
      return false;
    case Message::Kind::kTask:
      return static_cast<const Task&>(message).changes_keys;
    case Message::Kind::kBatchDone:
      return std::ranges::any_of(static_cast<const Batch&>(message).hops, is_being_answered,
                                 &Hop::session);
    case Message::Kind::kHoldDone:
      return std::ranges::any_of(static_cast<const HoldGroup&>(message).transactions,
                                 is_being_answered, &Transaction::session);
  }
  return false;
}

// The answer to a command or a transaction that came in one message with the script.
template <typename Part>
struct Answer {
  Part part;
  std::string reply;
  bool is_refused;
};

// Called at home: calls finish(home, answer, is_late) for each answer. If one of the sessions is in
// the middle of another reply, all answers wait for that and are late: then the message that they
// came in may be over and in use again, so monitors and the slow log are not told of them.
template <typename Part, typename Finish>
void deliver(Shard& home, const std::shared_ptr<std::vector<Answer<Part>>>& answers, Finish finish,
             bool is_late = false) {
  const auto session_of = [](const Answer<Part>& answer) { return answer.part.session; };
  if (std::ranges::any_of(*answers, is_being_answered, session_of)) {
    home.set().submit(home.id(),
                      [answers, finish](Shard& shard) { deliver(shard, answers, finish, true); });
    return;
  }
  for (Answer<Part>& answer : *answers)
    finish(home, answer, is_late);
}

}  // namespace

// ---- The thread that executes.

void BusyTurns::serve(const Hold& hold, BusyWith what) {
  if (with() == BusyWith::kNothing) {
    hold.each([&](const ShardData& data) {
      shard_->set().at(data.id()).busy().with_.store(what, std::memory_order_relaxed);
    });
    for (Session* session : shard_->intake().give_back())
      shard_->clients().list_resume(*session);
    shard_->release().join_journal();
    answer_company();
  }
  const auto each_other = [&](auto&& visit) {
    hold.each([&](const ShardData& data) {
      if (data.id() != shard_->id()) visit(shard_->set().at(data.id()));
    });
  };
  each_other([](Shard& shard) { shard.park_word().ask(); });
  take_turn();
  each_other([](Shard& shard) { shard.park_word().await_answer(); });
}

void BusyTurns::end(const Hold& hold) {
  hold.each([&](const ShardData& data) {
    shard_->set().at(data.id()).busy().with_.store(BusyWith::kNothing, std::memory_order_relaxed);
  });
}

// Commands that came in one message with the script do not wait for it: replies of those that ran
// before are sent home in a message of their own, and those behind it are refused.
void BusyTurns::answer_company() {
  if (running.batch != nullptr) answer_company(*running.batch);
  if (running.group != nullptr) answer_company(*running.group);
}

void BusyTurns::answer_company(Batch& batch) {
  auto answers = std::make_shared<std::vector<Answer<Hop>>>();
  for (Hop& hop : batch.hops) {
    if (&hop == running.hop || hop.session == nullptr) continue;
    const bool is_behind = &hop > running.hop;
    if (!is_behind && batch.reply_of(hop).empty()) continue;  // It has become a waiter.
    std::string reply = is_behind ? refuse(*hop.command, with()) : std::string(batch.reply_of(hop));
    answers->push_back({hop, std::move(reply), is_behind});
    hop.session = nullptr;
  }
  if (answers->empty()) return;
  shard_->set().submit(batch.home, [&batch, answers, lsn = shard_->release().lsn()](Shard& home) {
    deliver(home, answers, [&batch, lsn](Shard& shard, Answer<Hop>& answer, bool is_late) {
      Batch elsewhere;
      elsewhere.to = SIZE_MAX;
      shard.traffic().finish_hop(is_late ? elsewhere : batch, answer.part, answer.reply,
                                 answer.is_refused || is_late, lsn);
    });
  });
}

void BusyTurns::answer_company(HoldGroup& group) {
  auto answers = std::make_shared<std::vector<Answer<Transaction>>>();
  for (Transaction& transaction : group.transactions) {
    if (&transaction == running.transaction || transaction.session == nullptr) continue;
    const bool is_behind = &transaction > running.transaction;
    if (!is_behind && transaction.waiter != nullptr) continue;
    if (!is_behind) transaction.watched.clear();  // The keys were unwatched when it ran.
    std::string reply =
        is_behind ? refuse(transaction, with()) : std::string(group.reply_of(transaction));
    answers->push_back({std::move(transaction), std::move(reply), is_behind});
    transaction = {};
    transaction.is_over = true;
  }
  if (answers->empty()) return;
  shard_->set().submit(group.home, [&group, answers, lsn = lsn_of(group)](Shard& home) {
    deliver(home, answers, [&group, lsn](Shard& shard, Answer<Transaction>& answer, bool is_late) {
      const HoldGroup unknown;
      shard.traffic().finish_transaction(is_late ? unknown : group, answer.part, answer.reply,
                                         answer.is_refused || is_late, lsn);
    });
  });
}

// The LSN that the transactions which ran follow from, once the lane of this thread has joined the
// journal.
Lsn BusyTurns::lsn_of(const HoldGroup& group) const {
  Lsn lsn = shard_->release().lsn();
  for (size_t id = 0; id < group.members.size(); ++id) {
    if (group.members[id]) lsn = std::max(lsn, shard_->set().at(id).release().lsn());
  }
  return lsn;
}

// ---- Each shard, on its own thread.

void BusyTurns::take_turn() {
  is_in_turn_ = true;
  // The commands of the busy turn need the time; the script has its moment in its hold.
  shard_->clock().look();
  receive();
  shard_->clients().resume_while_busy();
  shard_->port().read_while_busy();
  shard_->release().send();
  is_in_turn_ = false;
}

void BusyTurns::receive() {
  shard_->traffic().take_mail();
  for (Message** at = &shard_->traffic().received(); *at != nullptr;) {
    Message& message = **at;
    if (must_wait(message)) {
      at = &message.next;
      continue;
    }
    *at = message.next;
    deal(message);
  }
}

void BusyTurns::deal(Message& message) {
  switch (message.kind) {
    case Message::Kind::kBatch:
      refuse(static_cast<Batch&>(message));
      break;
    case Message::Kind::kBatchDone:
      shard_->traffic().finish_batch(static_cast<Batch&>(message));
      break;
    case Message::Kind::kHold: {
      HoldGroup& group = *static_cast<HoldGroup::Arrival&>(message).group;
      group.refused_with.store(with(), std::memory_order_relaxed);
      if (group.missing.fetch_sub(1, std::memory_order_acq_rel) == 1) refuse(group);
      break;
    }
    case Message::Kind::kHoldDone:
      shard_->traffic().finish_group(static_cast<HoldGroup&>(message));
      break;
    case Message::Kind::kTask: {
      const std::unique_ptr<Task> task(static_cast<Task*>(&message));
      task->run(*shard_);
      break;
    }
    case Message::Kind::kPushes: {
      const std::unique_ptr<PushBox> box(static_cast<PushBox*>(&message));
      shard_->receive_pushes(*box, false);
      break;
    }
  }
}

void BusyTurns::refuse(Batch& batch) {
  for (Hop& hop : batch.hops) {
    hop.reply_begin = batch.replies.size();
    batch.replies.append(refuse(*hop.command, with()));
    hop.reply_end = batch.replies.size();
  }
  batch.is_refused = true;
  batch.kind = Message::Kind::kBatchDone;
  shard_->traffic().post(batch.home, &batch);
}

// Called when the last member has arrived and at least one member is busy.
void BusyTurns::refuse(HoldGroup& group) {
  const BusyWith what = group.refused_with.load(std::memory_order_relaxed);
  for (Transaction& transaction : group.transactions) {
    transaction.reply_begin = transaction.reply_end = group.replies.size();
    if (transaction.session == nullptr) continue;
    group.replies.append(refuse(transaction, what));
    transaction.reply_end = group.replies.size();
  }
  shard_->traffic().let_go(group);
}

// Counts a refused command; returns the reply.
std::string BusyTurns::refuse(const Command& command, BusyWith what) {
  ++shard_->telemetry().of(command).rejected;
  return refuse_with(std::string(errors::busy(what)));
}

std::string BusyTurns::refuse(const Transaction& transaction, BusyWith what) {
  if (transaction.command != nullptr) return refuse(*transaction.command, what);
  return refuse_with("EXECABORT Transaction discarded because of: " +
                     std::string(errors::busy(what)));
}

std::string BusyTurns::refuse_with(const std::string& message) {
  shard_->telemetry().count_error(message);
  return "-" + message + "\r\n";
}

// ---- The home of a group that was refused.

void BusyTurns::postpone(HoldGroup& group) {
  for (Transaction& transaction : group.transactions) {
    if (!transaction.action && transaction.woken == nullptr) continue;
    Transaction& later = postponed_.emplace_back();
    later.action = std::move(transaction.action);
    later.woken = std::move(transaction.woken);
    shard_->set().end_evictions();  // No client waits for an eviction while a script runs.
    shard_->set().evicts_clients_soon.store(
        false,
        std::memory_order_relaxed);  // Replies must not wait for a refused hold.
  }
}

void BusyTurns::take_up_postponed() {
  for (Transaction& transaction : std::exchange(postponed_, {})) {
    if (transaction.action) {
      shard_->traffic().hold_all(std::move(transaction.action));
    } else {
      shard_->waits().end_retry(transaction.woken);
    }
  }
}

}  // namespace kvstash::engine
