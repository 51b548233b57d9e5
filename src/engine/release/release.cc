#include "engine/release/release.h"

#include "engine/shard.h"
#include "engine/turn_work.h"

#include <utility>

namespace kvstash::engine {
namespace {

// The most bytes of one client's replies that may wait at the gate: past this no more of its
// commands are taken.
constexpr size_t kGatedBytesMax = size_t{1} << 20;

bool do_reads_wait(const ShardSet& set) {
  const TurnWork* work = set.turn_work();
  return work == nullptr || work->do_reads_wait();
}

}  // namespace

Release::Release(Shard& shard) : shard_(&shard), gate_(shard.set().released_lsn()) {}

Lsn Release::join_journal() {
  if (lane_ != nullptr) follow(lane_->flush());
  return lsn_;
}

void Release::send() {
  const Lsn lsn = join_journal();
  shard_->send_pushes(lsn);
  send_done(lsn);
  shard_->traffic().send_requests();
  send_replies();
}

void Release::send_before_requests() {
  shard_->send_pushes(join_journal());
}

// The members are held, and what they had before was sent when they arrived, so what joins the log
// now is of this group alone.
void Release::send(HoldGroup& group) {
  const Lsn before = lsn_;
  const Lsn written = join_journal();
  ShardSet& set = shard_->set();
  group.lsn = written;
  for (size_t id = 0; id < group.members.size(); ++id) {
    if (!group.members[id]) continue;
    Shard& member = set.at(id);
    if (written != before) member.release().follow(written);
    group.lsn = std::max(group.lsn, member.release().lsn());
  }
  for (size_t id = 0; id < group.members.size(); ++id) {
    if (group.members[id]) set.at(id).send_pushes(group.lsn);
  }
  send_done(group.lsn);
  shard_->traffic().let_go(group);
}

// Waiters that were served are told before the clients that made it possible have their replies, so
// that such a client finds the waiter served whatever it asks next.
void Release::send_done(Lsn lsn) {
  for (std::shared_ptr<Waiter>& waiter : std::exchange(served_, {})) {
    waiter->finish(lsn);
    if (waiter->home == shard_->id()) {
      shard_->waits().finish(waiter);
    } else {
      shard_->set().submit(waiter->home, [waiter](Shard& home) { home.waits().finish(waiter); });
    }
  }
  for (Batch* batch : std::exchange(done_batches_, {})) {
    batch->lsn = lsn;
    shard_->traffic().post(batch->home, batch);
  }
  for (AnswerHome& one : std::exchange(answers_, {})) {
    shard_->set().submit(one.home,
                         [lsn, answer = std::move(one.answer)](Shard& home) { answer(home, lsn); });
  }
}

void Release::send_replies() {
  shard_->clients().bound_memory();
  for (Session* session : shard_->clients().ready())
    seal(*session);
  if (gate_.waiting() != 0) gate_.open();
  shard_->flush_sessions();
}

void Release::seal(Session& session) {
  ReplyQueue& replies = session.replies;
  const bool was_waiting = replies.awaited().has_value();
  replies.seal(lsn_, gate_.released());
  if (replies.awaited() && !session.has_unsettled_write && !do_reads_wait(shard_->set()))
    replies.seal(lsn_, kLsnMax);
  if (replies.gated_bytes() > kGatedBytesMax) [[unlikely]]
    session.stop(kStopGate);
  if (!was_waiting) wait_at_gate(session);
  const bool is_over =
      session.under_way == 0 && session.waiter == nullptr && !session.multi.is_active;
  if (is_over && !replies.awaited()) session.has_unsettled_write = false;
  // What it has written is in the journal, and its replies follow from that.
  if (is_over && session.has_uncounted_write) {
    session.has_uncounted_write = false;
    session.written_lsn = replies.followed();
  }
}

Lsn Release::written_by(const Session& session) {
  if (!session.has_uncounted_write) return session.written_lsn;
  // EXEC does not wait until earlier commands are over, so nobody knows yet what they have written.
  const uint32_t own = session.transactions_away != 0 ? 1 : 0;
  if (session.under_way > own) return kLsnMax;
  return std::max(session.replies.followed(), join_journal());
}

void Release::let_out(Session& session) {
  ReplyQueue& replies = session.replies;
  replies.let_out(gate_.released());
  wait_at_gate(session);
  if (replies.gated_bytes() <= kGatedBytesMax) shard_->clients().go_on(session, kStopGate);
  shard_->clients().note_ready(session);
}

void Release::close_writers(std::string_view reason, uint64_t period) {
  for (const auto& [id, session] : shard_->clients().all()) {
    const bool awaits = session->awaits_reply() || session->replies.bytes() != 0;
    const bool has_written =
        session->has_unsettled_write &&
        (period == ShardSet::kNoRefusal || session->unsettled_in_period != period);
    if (session->is_gone() || !has_written || !awaits) continue;
    session->close_reason = reason;
    shard_->clients().kill(*session);
  }
}

// Has the gate call let_out() for the first sealed reply of the session; let_out() then waits for
// the next one.
void Release::wait_at_gate(const Session& session) {
  const std::optional<Lsn> lsn = session.replies.awaited();
  if (!lsn) [[likely]]
    return;
  gate_.wait(*lsn, shard_->now_ms(), [shard = shard_, id = session.info.id] {
    if (Session* waiting = shard->clients().find(id)) shard->release().let_out(*waiting);
  });
}

}  // namespace kvstash::engine
