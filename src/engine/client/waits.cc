#include "engine/client/waits.h"

#include "engine/command/errors.h"
#include "engine/shard.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::engine {

void write_acks(resp::ReplyWriter& to, const Acks& acks, const AckWish& wish) {
  to.array(2);
  to.integer(acks.is_local(wish.lsn) ? 1 : 0);
  to.integer(acks.replicas(wish));
}

void Waits::begin(Session& session, std::shared_ptr<Waiter> waiter) {
  if (session.is_gone()) {
    give_up(waiter);
    return;
  }
  ensure(session.waiter == nullptr && waiter->home == shard_->id());
  session.stop(kStopWait);
  session.waiter = waiter;
  const std::vector<std::string_view> argv(waiter->argv.begin(), waiter->argv.end());
  shard_->monitors().note(session, *waiter->command, argv, waiter->caller.db);
  waiting_.add(session.info.id, waiter->deadline_ns);
  shard_->clients().note_ready(
      session);  // From now on the session's shell checks whether the client leaves.
  const WaitState state = waiter->state.load(std::memory_order_acquire);
  if (state == WaitState::kDone) finish(waiter);
  if (state == WaitState::kWoken) retry(waiter);
  if (waiter->acks) {
    // Sorted, since a session may be listed from a wait that has ended.
    const auto at = std::ranges::lower_bound(ack_waiters_, session.info.id);
    if (at == ack_waiters_.end() || *at != session.info.id)
      ack_waiters_.insert(at, session.info.id);
    answer_acks();
  }
}

void Waits::finish(const std::shared_ptr<Waiter>& waiter) {
  Session* session = shard_->clients().find(waiter->caller.client_id);
  ensure(waiter->home == shard_->id() &&
         waiter->state.load(std::memory_order_acquire) == WaitState::kDone);
  // Either the client is gone, or the command is not home yet and begin() will handle the waiter's
  // state.
  if (session == nullptr || session->waiter != waiter) return;
  session->replies.follow(waiter->lsn);
  session->replies.begin().append(waiter->reply.view());
  session->replies.end(session->is_wait_muted);
  const std::vector<std::string_view> argv(waiter->argv.begin(), waiter->argv.end());
  shard_->telemetry().note_end(*session, *waiter->command, argv, waiter->end, shard_->now_ms());
  leave(*session);
}

void Waits::retry(const std::shared_ptr<Waiter>& waiter) {
  const Session* session = shard_->clients().find(waiter->caller.client_id);
  if (session == nullptr || session->waiter != waiter || waiter->is_retrying) return;
  waiter->is_retrying = true;
  HoldGroup& group = shard_->traffic().pending_group();
  for (const size_t shard : waiter->shards)
    group.add_member(shard);
  group.key_count += waiter->shards.size();
  Transaction transaction;
  transaction.woken = waiter;
  group.transactions.push_back(std::move(transaction));
}

void Waits::retry_at_home(ShardSet& set, const std::shared_ptr<Waiter>& waiter) {
  set.submit_change(waiter->home, [waiter](Shard& home) { home.waits().retry(waiter); });
}

// If the waiter found nothing and was woken again since, its command runs again.
void Waits::end_retry(const std::shared_ptr<Waiter>& waiter) {
  waiter->is_retrying = false;
  if (waiter->state.load(std::memory_order_acquire) == WaitState::kWoken) retry(waiter);
}

void Waits::abandon(Session& session) {
  give_up(session.waiter);
  leave(session);
}

bool Waits::unblock(Session& session, bool with_error) {
  if (session.waiter == nullptr || !give_up(session.waiter)) return false;
  if (with_error) {
    answer_error(session, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  } else {
    answer_timeout(session);
  }
  leave(session);
  return true;
}

void Waits::end_all() {
  for (const auto& [id, session] : shard_->clients().all()) {
    if (session->waiter == nullptr || !give_up(session->waiter)) continue;
    answer_error(*session,
                 "UNBLOCKED force unblock from blocking operation, instance state changed (master "
                 "-> replica?)");
    session->close_after_replies();
    leave(*session);
  }
}

// A waiter that is being served at this moment is left alone: it will be done, or be found due
// again.
void Waits::end_due() {
  if (waiting_.with_deadline() == 0) return;
  for (const uint64_t id : waiting_.due(shard_->set().clock().monotonic_ns())) {
    Session* session = shard_->clients().find(id);
    ensure(session != nullptr && session->waiter != nullptr);
    if (!give_up(session->waiter)) continue;
    answer_timeout(*session);
    leave(*session);
  }
}

// Who changes the acks reads the flag awaits_acks_ afterwards, and this thread reads the acks after
// it has set the flag: so at least one of the two sees the other's write.
void Waits::answer_acks() {
  std::erase_if(ack_waiters_, [this](uint64_t id) { return answer_ack(id); });
  if (ack_waiters_.empty()) return;
  awaits_acks_.store(true, std::memory_order_seq_cst);
  std::erase_if(ack_waiters_, [this](uint64_t id) { return answer_ack(id); });
}

// Returns whether the session waits for acks no more.
bool Waits::answer_ack(uint64_t session_id) {
  Session* session = shard_->clients().find(session_id);
  if (session == nullptr || session->waiter == nullptr || !session->waiter->acks) return true;
  const Acks& acks = shard_->set().acks();
  const bool is_met = acks.are_met(*session->waiter->acks);
  if (!is_met && !acks.is_hopeless(*session->waiter->acks)) return false;
  if (!give_up(session->waiter)) return true;
  if (is_met) {
    answer_timeout(*session);
  } else {
    answer_error(*session, errors::no_log_to_wait_for().message());
  }
  leave(*session);
  return true;
}

// Ends the wait. False: the waiter is being served or is over. The shards of its keys are told to
// forget it, and to serve waiters that may have stood behind it.
bool Waits::give_up(const std::shared_ptr<Waiter>& waiter) {
  if (!waiter->move(WaitState::kWaiting, WaitState::kDone) &&
      !waiter->move(WaitState::kWoken, WaitState::kDone))
    return false;
  for (const size_t id : waiter->shards) {
    shard_->set().submit_change(
        id, [waiter](Shard& shard) { shard.executor().forget_waiter(*waiter, shard.hold_here()); });
  }
  return true;
}

void Waits::leave(Session& session) {
  const std::shared_ptr<Waiter> waiter = std::exchange(session.waiter, nullptr);
  ensure(waiter != nullptr);
  waiting_.remove(session.info.id, waiter->deadline_ns);
  session.note_activity(shard_->now_ms());  // A wait does not count as idle time.
  shard_->clients().go_on(session, kStopWait);
  shard_->clients().note_ready(session);
}

// Counts the command, whose wait is over without having found anything, and tells the slow log.
void Waits::note_unserved(Session& session) {
  const Waiter& waiter = *session.waiter;
  const std::vector<std::string_view> argv(waiter.argv.begin(), waiter.argv.end());
  shard_->telemetry().note_end(session, *waiter.command, argv,
                               shard_->telemetry().count_call(*waiter.command, waiter.ns),
                               shard_->now_ms());
}

void Waits::answer_error(Session& session, std::string_view message) {
  shard_->telemetry().count_error(message);
  ++shard_->telemetry().of(*session.waiter->command).failed;
  note_unserved(session);
  resp::ReplyWriter writer(session.replies.begin(), session.caller.resp);
  writer.error(message);
  session.replies.end(session.is_wait_muted);
}

void Waits::answer_timeout(Session& session) {
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
    case TimeoutReply::kReplicas:
      writer.integer(shard_->set().acks().replicas(*session.waiter->acks));
      break;
    case TimeoutReply::kAcks:
      write_acks(writer, shard_->set().acks(), *session.waiter->acks);
      break;
  }
  session.replies.end(session.is_wait_muted);
}

}  // namespace kvstash::engine
