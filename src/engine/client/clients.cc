#include "engine/client/clients.h"

#include "engine/shard.h"

#include <algorithm>
#include <utility>

namespace kvstash::engine {
namespace {

constexpr size_t kResumesPerTurn = 256;
// The most bytes of replies that other shards may be making for one connection at a time.
constexpr uint64_t kFlightBytesMax = uint64_t{4} << 20;

void list_once(std::vector<Session*>& list, Session& session) {
  if (std::ranges::find(list, &session) == list.end()) list.push_back(&session);
}

// Takes that reason to stop away from all sessions of the list, which is empty afterwards.
void let_go(Clients& clients, std::vector<Session*>& list, StopReason reason) {
  for (Session* session : std::exchange(list, {}))
    clients.go_on(*session, reason);
}

}  // namespace

Clients::Clients(Shard& shard) : shard_(&shard), memory_(shard.set(), shard.id()) {}

Clients::~Clients() {
  for (auto& [number, session] : sessions_) {
    if (session->chunk != nullptr) chunks_.drop(session->chunk);
  }
}

// ---- Connections.

Session& Clients::open(void* shell) {
  auto session = std::make_unique<Session>();
  session->info.id = shard_->set().next_session_id();
  session->info.created_ms = session->info.active_ms = shard_->now_ms();
  session->rate_tokens = static_cast<double>(shard_->options().client_command_rate_limit);
  session->rate_at_ms = shard_->now_ms();
  session->caller.client_id = session->info.id;
  session->caller.home = static_cast<uint32_t>(shard_->id());
  session->caller.session = session.get();
  session->act_as(shard_->set().acl().default_user());
  session->is_authenticated = session->user->is_open();
  session->shell = shell;
  ++shard_->stats().connections_accepted;
  Session& opened = *session;
  sessions_.emplace(opened.info.id, std::move(session));
  return opened;
}

void Clients::close(Session& session) {
  if (session.is_closed) return;
  shard_->intake().run_staged();  // Run what the client had sent before.
  session.is_closed = true;
  memory_.forget(session);
  session.stop(kStopClosing);
  unwatch_all(session);
  if (session.waiter != nullptr) shard_->waits().abandon(session);
  shard_->pubsub().leave_all(session);
  shard_->tracking().turn_off(session);
  session.source = nullptr;
  if (session.is_monitor) {
    session.is_monitor = false;
    shard_->set().monitor_count.fetch_sub(1, std::memory_order_relaxed);
  }
  if (session.under_way == 0) forget(session);
}

void Clients::kill(Session& session) {
  if (session.is_gone()) return;
  session.is_killed = true;
  memory_.forget(session);
  session.stop(kStopClosing);
  killed_.push_back(session.info.id);
}

void Clients::close_killed() {
  for (const uint64_t id : std::exchange(killed_, {})) {
    if (Session* session = find(id); session != nullptr) shard_->port().close_session(*session);
  }
}

void Clients::forget(Session& session) {
  ensure(session.subscriptions == nullptr && session.tracking == nullptr);
  if (session.chunk != nullptr) {
    ensure(session.chunk != chunks_.shared());
    chunks_.drop(session.chunk);
  }
  std::erase(ready_, &session);
  std::erase(resume_, &session);
  std::erase(delayed_, &session);
  std::erase(memory_waiters_, &session);
  std::erase(eviction_waiters_, &session);
  std::erase(push_waiters_, &session);
  std::erase(journal_waiters_, &session);
  std::erase(move_waiters_, &session);
  shard_->tracking().end(session);
  sessions_.erase(session.info.id);
}

Session* Clients::find(uint64_t id) {
  const auto at = sessions_.find(id);
  return at == sessions_.end() || at->second->is_closed ? nullptr : at->second.get();
}

void Clients::unwatch_all(Session& session) {
  forget_watched(std::exchange(session.multi.watched, {}));
}

void Clients::forget_watched(std::vector<WatchedKey> keys) {
  for (WatchedKey& watched : keys) {
    const size_t owner = shard_->set().shard_of(watched.key);
    if (owner == shard_->id()) {
      shard_->data().watches().unwatch(watched.db, watched.key);
    } else {
      shard_->set().submit(owner, [watched = std::move(watched)](Shard& shard) {
        shard.hold_here().shard_of(watched.key).watches().unwatch(watched.db, watched.key);
      });
    }
  }
}

// ---- Output.

void Clients::note_ready(Session& session) {
  if (session.is_listed_ready || session.is_closed) return;
  const bool wants_input = session.is_input_off && session.stopped == 0;
  const bool waits = session.waiter != nullptr;
  const bool is_fed = session.source != nullptr && session.source->has_more();
  if (session.replies.out().empty() && (session.stopped & kStopClosing) == 0 && !wants_input &&
      !waits && !is_fed)
    return;
  session.is_listed_ready = true;
  ready_.push_back(&session);
}

std::vector<Session*> Clients::take_ready() {
  for (Session* session : ready_)
    session->is_listed_ready = false;
  return std::exchange(ready_, {});
}

void Clients::push(Session& session, std::string_view message) {
  if (session.replies.out().capacity() == 0) shard_->port().lend_output(session);
  if (session.replies.bytes() == 0) session.pushed_bytes = 0;
  session.replies.follow(received_lsn_);
  session.replies.push(message);
  session.pushed_bytes += message.size();
  pushed_bytes += message.size();
  note_ready(session);
  if (!leaves_too_much_unread(session)) return;
  session.close_after_replies("output buffer limit passed");
  ++shard_->stats().output_limit_passed;
  kill(session);
}

// A client of a class without a limit may leave its replies unread, but messages that it did not
// ask for (invalidations) are bounded.
bool Clients::leaves_too_much_unread(const Session& session) const {
  const size_t unsent = session.unsent_bytes();
  const ClientClass client_class = session.client_class();
  const uint64_t hard =
      shard_->options().client_output_buffer_limit[static_cast<size_t>(client_class)].hard_bytes;
  if (hard != 0) return unsent > hard;
  const uint64_t most = unasked_limit();
  return client_class == ClientClass::kNormal && unsent > most && session.pushed_bytes > most;
}

void Clients::finish_reply(Session& session) {
  --session.under_way;
  if (session.is_closed) {
    if (session.under_way == 0) forget(session);
    return;
  }
  if (session.under_way == 0) go_on(session, kStopOrder);
  go_on(session, kStopFlight);
  note_ready(session);
}

// Replies of commands under way are not counted as unsent yet. So that they will fit, no more
// commands go out than would fill the bound with replies as large as this one.
void Clients::learn_reply_size(Session& session, size_t bytes) {
  const uint64_t own = shard_->options().client_unsent_reply_limit_bytes;
  const uint64_t most = own == 0 ? kFlightBytesMax : std::min(own, kFlightBytesMax);
  const uint64_t fits = std::max<uint64_t>(most / std::max<size_t>(bytes, 1), 1);
  session.flight_max = static_cast<uint32_t>(
      std::min<uint64_t>({fits, session.flight_max + 1, Session::kFlightMax}));
}

// ---- Stopped sessions.

void Clients::go_on(Session& session, StopReason reason) {
  if ((session.stopped & reason) == 0) return;
  session.go_on(reason);
  list_resume(session);
}

void Clients::list_resume(Session& session) {
  if (session.stopped != 0 || session.is_listed_resume || session.is_closed) return;
  session.is_listed_resume = true;
  resume_.push_back(&session);
}

void Clients::delay(Session& session) {
  list_once(delayed_, session);
}

void Clients::look_at_delayed() {
  for (Session* session : std::exchange(delayed_, {})) {
    go_on(*session, kStopRate);
    if ((session->stopped & kStopPause) != 0) delayed_.push_back(session);
  }
}

void Clients::wait_for_memory(Session& session) {
  list_once(memory_waiters_, session);
}

void Clients::resume_memory_waiters() {
  if (memory_waiters_.empty()) return;
  if (shard_->set().is_overfull()) {
    shard_->set().ask_to_evict();
    return;
  }
  let_go(*this, memory_waiters_, kStopMemory);
}

void Clients::wait_for_eviction(Session& session) {
  list_once(eviction_waiters_, session);
}

void Clients::resume_eviction_waiters() {
  if (eviction_waiters_.empty() || shard_->awaits_eviction()) return;
  let_go(*this, eviction_waiters_, kStopEviction);
}

void Clients::wait_for_pushes(Session& session) {
  list_once(push_waiters_, session);
}

// Sessions go on well below the bound, so that they do not stop again at once.
void Clients::resume_push_waiters() {
  if (push_waiters_.empty() || shard_->set().has_many_pushes(2)) return;
  let_go(*this, push_waiters_, kStopPushes);
}

void Clients::wait_for_journal(Session& session) {
  list_once(journal_waiters_, session);
}

void Clients::resume_journal_waiters() {
  if (journal_waiters_.empty() || shard_->set().holds_writes()) return;
  let_go(*this, journal_waiters_, kStopJournal);
}

void Clients::wait_for_move(Session& session) {
  list_once(move_waiters_, session);
}

void Clients::resume_move_waiters() {
  const uint64_t moves_over = shard_->set().moving_keys().moves_over();
  if (move_waiters_.empty() || moves_over == moves_over_) return;
  moves_over_ = moves_over;
  let_go(*this, move_waiters_, kStopMove);
}

void Clients::resume() {
  resume_memory_waiters();
  resume_eviction_waiters();
  resume_push_waiters();
  resume_journal_waiters();
  resume_move_waiters();
  for (size_t left = std::min(resume_.size(), kResumesPerTurn); left != 0 && !resume_.empty();
       --left) {
    Session* session = resume_.front();
    resume_.pop_front();
    session->is_listed_resume = false;
    shard_->receive_pushes_for(*session);
    shard_->intake().resume(*session);
    note_ready(*session);
  }
}

void Clients::resume_while_busy() {
  for (size_t left = resume_.size(); left != 0; --left) {
    Session* session = resume_.front();
    resume_.pop_front();
    if (session->awaits_reply()) {
      resume_.push_back(session);
      continue;
    }
    session->is_listed_resume = false;
    shard_->intake().resume(*session);
    note_ready(*session);
  }
}

// ---- CLIENT PAUSE, FAILOVER.

void Clients::begin_pause(int64_t asked_ns, int64_t until_ns, PauseMode mode) {
  if (pause_.end_if_over(asked_ns)) end_pause();
  pause_.begin(asked_ns, until_ns, mode);
  shard_->data().keep_due_keys(pause_.is_on());
}

void Clients::end_pause() {
  pause_.end();
  resume_paused();
}

void Clients::hold_writes(bool are_held) {
  pause_.hold_writes(are_held);
  if (are_held) {
    shard_->data().keep_due_keys(true);
  } else {
    resume_paused();
  }
}

// Those that are to wait all the same are stopped once more. A session that its rate holds back as
// well stays in the list.
void Clients::resume_paused() {
  shard_->data().keep_due_keys(pause_.is_on());
  for (Session* session : std::exchange(delayed_, {})) {
    go_on(*session, kStopPause);
    if ((session->stopped & kStopRate) != 0) delayed_.push_back(session);
  }
}

void Clients::end_due_pause() {
  if (pause_.is_on() && pause_.end_if_over(shard_->set().clock().monotonic_ns())) end_pause();
}

size_t Clients::paused() const {
  return static_cast<size_t>(std::ranges::count_if(
      delayed_, [](const Session* session) { return (session->stopped & kStopPause) != 0; }));
}

}  // namespace kvstash::engine
