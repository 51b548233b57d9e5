// The connections of a shard that wait in blocking commands: how their waits begin and end. What
// happens to the keys is the executor's.
#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {

void Shard::begin_wait(Session& session, std::shared_ptr<Waiter> waiter) {
  if (session.is_gone()) {
    give_up_wait(waiter);
    return;
  }
  ensure(session.waiter == nullptr && waiter->home == id_);
  session.stop(kStopWait);
  session.waiter = waiter;
  const std::vector<std::string_view> argv(waiter->argv.begin(), waiter->argv.end());
  note_begin(session, *waiter->command, argv, waiter->caller.db);
  waiting_.add(session.info.id, waiter->deadline_ns);
  note_ready(session);  // From now on its shell looks whether the client goes away.
  const WaitState state = waiter->state.load(std::memory_order_acquire);
  if (state == WaitState::kDone) finish_wait(waiter);
  if (state == WaitState::kWoken) retry_wait(waiter);
}

void Shard::leave_wait(Session& session) {
  const std::shared_ptr<Waiter> waiter = std::exchange(session.waiter, nullptr);
  ensure(waiter != nullptr);
  waiting_.remove(session.info.id, waiter->deadline_ns);
  session.note_activity(now_ms_);  // What it did till now was to wait.
  go_on(session, kStopWait);
  note_ready(session);
}

void Shard::finish_wait(const std::shared_ptr<Waiter>& waiter) {
  Session* session = find_session(waiter->caller.client_id);
  ensure(waiter->home == id_ && waiter->state.load(std::memory_order_acquire) == WaitState::kDone);
  // Its client is gone; or the command is not home yet, and begin_wait will see what happened.
  if (session == nullptr || session->waiter != waiter) return;
  session->replies.follow(waiter->lsn);
  session->replies.begin().append(waiter->reply.view());
  session->replies.end(session->is_wait_muted);
  const std::vector<std::string_view> argv(waiter->argv.begin(), waiter->argv.end());
  note_end(*session, *waiter->command, argv, waiter->end);
  leave_wait(*session);
}

void Shard::retry_wait(const std::shared_ptr<Waiter>& waiter) {
  const Session* session = find_session(waiter->caller.client_id);
  if (session == nullptr || session->waiter != waiter || waiter->is_retrying) return;
  waiter->is_retrying = true;
  HoldGroup& group = pending_group();
  for (const size_t shard : waiter->shards)
    group.add_member(shard);
  group.key_count += waiter->shards.size();
  Transaction transaction;
  transaction.woken = waiter;
  group.transactions.push_back(std::move(transaction));
}

// The transaction is over. If the waiter found nothing and was woken anew since, it goes again.
void Shard::end_retry(const std::shared_ptr<Waiter>& waiter) {
  waiter->is_retrying = false;
  if (waiter->state.load(std::memory_order_acquire) == WaitState::kWoken) retry_wait(waiter);
}

// True: nobody will serve it any more. Its keys' shards forget it, and look at those who may have
// stood behind it.
bool Shard::give_up_wait(const std::shared_ptr<Waiter>& waiter) {
  if (!waiter->move(WaitState::kWaiting, WaitState::kDone) &&
      !waiter->move(WaitState::kWoken, WaitState::kDone))
    return false;
  for (const size_t id : waiter->shards) {
    set_->submit_change(
        id, [waiter](Shard& shard) { shard.executor().forget_waiter(*waiter, shard.hold_here()); });
  }
  return true;
}

// The wait is over without the command having found anything: now it counts.
void Shard::note_unserved(Session& session) {
  const Waiter& waiter = *session.waiter;
  const std::vector<std::string_view> argv(waiter.argv.begin(), waiter.argv.end());
  note_end(session, *waiter.command, argv, executor_.count_call(*waiter.command, waiter.ns));
}

void Shard::answer_timeout(Session& session) {
  note_unserved(session);
  const TimeoutReply reply = session.waiter->timeout_reply;
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  switch (reply) {
    case TimeoutReply::kNull:
      writer.null();
      break;
    case TimeoutReply::kNullArray:
      writer.null_array();
      break;
    case TimeoutReply::kZeroPair:
      writer.array(2);
      writer.integer(0);
      [[fallthrough]];
    case TimeoutReply::kZero:
      writer.integer(0);
      break;
  }
  session.replies.end(session.is_wait_muted);
}

bool Shard::unblock(Session& session, bool with_error) {
  if (session.waiter == nullptr || !give_up_wait(session.waiter)) return false;
  if (with_error) {
    constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
    executor_.count_error(kUnblocked);
    ++command_stats(*session.waiter->command).failed;
    note_unserved(session);
    resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
    writer.error(kUnblocked);
    session.replies.end(session.is_wait_muted);
  } else {
    answer_timeout(session);
  }
  leave_wait(session);
  return true;
}

// One that is being served at this moment is left alone: it will be done, or be looked at again.
void Shard::end_due_waits() {
  if (waiting_.with_deadline() == 0) return;
  for (const uint64_t id : waiting_.due(set_->clock().monotonic_ns())) {
    Session* session = find_session(id);
    ensure(session != nullptr && session->waiter != nullptr);
    if (!give_up_wait(session->waiter)) continue;
    answer_timeout(*session);
    leave_wait(*session);
  }
}

}  // namespace kvstash::engine
