// A script that runs for longer than busy-reply-threshold goes on, and the shards it holds go on
// answering: -BUSY, or one of the commands that are allowed meanwhile (kAllowBusy).
//
// Every few milliseconds, between two instructions of Lua, the thread that executes the script
// gives each shard of the hold back to its own thread for one busy turn, does its own, and waits
// until all are done; so nobody looks at data while the script changes it. A busy turn stands in
// the middle of a turn: it has an intake of its own, touches no session that awaits a reply, closes
// none, and changes no key. What may not be done in it stays in `received_` until the script is
// over.
//
// Hops to a busy shard are answered -BUSY, and so are transactions that need it, of which the other
// members may stand parked. What a transaction does for the server itself is tried again later.
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

// What must wait until the script is over: what changes keys, and replies that would get into the
// one that is being written.
bool must_wait(const Message& message) {
  switch (message.kind) {
    case Message::Kind::kBatch:
    case Message::Kind::kHold:
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

// To a command or a transaction that came in one message with the script.
template <typename Part>
struct Answer {
  Part part;
  std::string reply;
  bool is_refused;
};

// At home: calls finish(home, answer, is_late) for each. If a session is in the middle of another
// reply, all wait for that and are late: then the message they came in may be over and in use
// again, so monitors and the slow log do not hear of them.
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

void Shard::serve_while_busy(const Hold& hold, BusyWith with) {
  if (busy_with() == BusyWith::kNothing) {
    hold.each([&](const ShardData& data) {
      set_->at(data.id()).busy_with_.store(with, std::memory_order_relaxed);
    });
    for (Session* session : intake_.give_back())
      list_resume(*session);
    release_.join_journal();
    answer_company();
  }
  const auto each_other = [&](auto&& visit) {
    hold.each([&](const ShardData& data) {
      if (data.id() != id_) visit(set_->at(data.id()));
    });
  };
  each_other([](Shard& shard) { shard.ask_for_busy_turn(); });
  busy_turn();
  each_other([](Shard& shard) { shard.await_busy_turn(); });
}

void Shard::end_busy(const Hold& hold) {
  hold.each([&](const ShardData& data) {
    set_->at(data.id()).busy_with_.store(BusyWith::kNothing, std::memory_order_relaxed);
  });
}

// What came in one message with the script does not wait for it: what ran before is sent home by a
// message of its own, what stands behind is refused.
void Shard::answer_company() {
  if (running_batch_ != nullptr) answer_company(*running_batch_);
  if (running_group_ != nullptr) answer_company(*running_group_);
}

void Shard::answer_company(Batch& batch) {
  auto answers = std::make_shared<std::vector<Answer<Hop>>>();
  for (Hop& hop : batch.hops) {
    if (&hop == running_hop_ || hop.session == nullptr) continue;
    const bool is_behind = &hop > running_hop_;
    if (!is_behind && batch.reply_of(hop).empty()) continue;  // It waits.
    std::string reply =
        is_behind ? refuse(*hop.command, busy_with()) : std::string(batch.reply_of(hop));
    answers->push_back({hop, std::move(reply), is_behind});
    hop.session = nullptr;
  }
  if (answers->empty()) return;
  set_->submit(batch.home, [&batch, answers, lsn = release_.lsn()](Shard& home) {
    deliver(home, answers, [&batch, lsn](Shard& shard, Answer<Hop>& answer, bool is_late) {
      Batch elsewhere;
      elsewhere.to = SIZE_MAX;
      shard.finish_hop(is_late ? elsewhere : batch, answer.part, answer.reply,
                       answer.is_refused || is_late, lsn);
    });
  });
}

// What the transactions that ran follow from, once the lane of this thread has joined the journal.
Lsn Shard::lsn_of(const HoldGroup& group) const {
  Lsn lsn = release_.lsn();
  for (size_t id = 0; id < group.members.size(); ++id) {
    if (group.members[id]) lsn = std::max(lsn, set_->at(id).release().lsn());
  }
  return lsn;
}

void Shard::answer_company(HoldGroup& group) {
  auto answers = std::make_shared<std::vector<Answer<Transaction>>>();
  for (Transaction& transaction : group.transactions) {
    if (&transaction == running_transaction_ || transaction.session == nullptr) continue;
    const bool is_behind = &transaction > running_transaction_;
    if (!is_behind && transaction.waiter != nullptr) continue;
    if (!is_behind) transaction.watched.clear();  // They were forgotten when it ran.
    std::string reply =
        is_behind ? refuse(transaction, busy_with()) : std::string(group.reply_of(transaction));
    answers->push_back({std::move(transaction), std::move(reply), is_behind});
    transaction = {};
    transaction.is_over = true;
  }
  if (answers->empty()) return;
  set_->submit(group.home, [&group, answers, lsn = lsn_of(group)](Shard& home) {
    deliver(home, answers, [&group, lsn](Shard& shard, Answer<Transaction>& answer, bool is_late) {
      const HoldGroup unknown;
      shard.finish_transaction(is_late ? unknown : group, answer.part, answer.reply,
                               answer.is_refused || is_late, lsn);
    });
  });
}

// ---- Each shard, on its own thread.

void Shard::busy_turn() {
  is_in_busy_turn_ = true;
  look_at_clock();  // For those who are answered; the script has its moment in its hold.
  receive_while_busy();
  resume_while_busy();
  port_->read_while_busy();
  release_.send();
  is_in_busy_turn_ = false;
}

void Shard::receive_while_busy() {
  take_mail();
  for (Message** at = &received_; *at != nullptr;) {
    Message& message = **at;
    if (must_wait(message)) {
      at = &message.next;
      continue;
    }
    *at = message.next;
    deal_while_busy(message);
  }
}

void Shard::deal_while_busy(Message& message) {
  switch (message.kind) {
    case Message::Kind::kBatch:
      refuse_batch(static_cast<Batch&>(message));
      break;
    case Message::Kind::kBatchDone:
      finish_batch(static_cast<Batch&>(message));
      break;
    case Message::Kind::kHold: {
      HoldGroup& group = *static_cast<HoldGroup::Arrival&>(message).group;
      group.refused_with.store(busy_with(), std::memory_order_relaxed);
      if (group.missing.fetch_sub(1, std::memory_order_acq_rel) == 1) refuse_group(group);
      break;
    }
    case Message::Kind::kHoldDone:
      finish_group(static_cast<HoldGroup&>(message));
      break;
    case Message::Kind::kTask: {
      const std::unique_ptr<Task> task(static_cast<Task*>(&message));
      task->run(*this);
      break;
    }
  }
}

void Shard::resume_while_busy() {
  for (size_t left = resume_.size(); left != 0; --left) {
    Session* session = resume_.front();
    resume_.pop_front();
    if (session->awaits_reply()) {
      resume_.push_back(session);
      continue;
    }
    session->is_listed_resume = false;
    busy_intake_.resume(*session);
    note_ready(*session);
  }
}

void Shard::refuse_batch(Batch& batch) {
  for (Hop& hop : batch.hops) {
    hop.reply_begin = batch.replies.size();
    batch.replies.append(refuse(*hop.command, busy_with()));
    hop.reply_end = batch.replies.size();
  }
  batch.is_refused = true;
  batch.kind = Message::Kind::kBatchDone;
  post(batch.home, &batch);
}

// The last of its members is here, and at least one of them is busy.
void Shard::refuse_group(HoldGroup& group) {
  const BusyWith with = group.refused_with.load(std::memory_order_relaxed);
  for (Transaction& transaction : group.transactions) {
    transaction.reply_begin = transaction.reply_end = group.replies.size();
    if (transaction.session == nullptr) continue;
    group.replies.append(refuse(transaction, with));
    transaction.reply_end = group.replies.size();
  }
  let_go(group);
}

// Counts it as refused; the reply.
std::string Shard::refuse(const Command& command, BusyWith with) {
  ++command_stats(command).rejected;
  return refuse_with(std::string(errors::busy(with)));
}

std::string Shard::refuse(const Transaction& transaction, BusyWith with) {
  if (transaction.command != nullptr) return refuse(*transaction.command, with);
  return refuse_with("EXECABORT Transaction discarded because of: " +
                     std::string(errors::busy(with)));
}

std::string Shard::refuse_with(const std::string& message) {
  executor_.count_error(message);
  return "-" + message + "\r\n";
}

// ---- The home of a group that was refused.

void Shard::postpone(HoldGroup& group) {
  for (Transaction& transaction : group.transactions) {
    if (!transaction.action && transaction.woken == nullptr) continue;
    Transaction& later = postponed_.emplace_back();
    later.action = std::move(transaction.action);
    later.woken = std::move(transaction.woken);
    set_->evicts_clients_soon.store(false,
                                    std::memory_order_relaxed);  // Replies do not wait for it.
  }
}

void Shard::take_up_postponed() {
  for (Transaction& transaction : std::exchange(postponed_, {})) {
    if (transaction.action) {
      hold_all(std::move(transaction.action));
    } else {
      end_retry(transaction.woken);
    }
  }
}

}  // namespace kvstash::engine
