// The bounds on what clients hold (decision 0028): declared in clients.h.
#include "base/log.h"
#include "engine/client/clients.h"
#include "engine/shard.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kvstash::engine {
namespace {

// How many bytes a client's output may grow before its shard checks it again.
constexpr size_t kOutputStep = size_t{64} << 10;

// Messages that no request asked for (publications, invalidations, monitors' lines) cannot be held
// back. Their receivers are closed once unsent replies pass the limit on all of them by this part
// of it.
constexpr uint64_t kUnaskedPart = 4;

bool is_told_unasked(const Session& session) {
  return session.is_subscriber() || session.is_monitor ||
         session.pushed_bytes > session.unsent_bytes() / 2;
}

// maxmemory-clients: closes the largest clients of all shards first. Called with every shard held,
// or on the only one.
void evict_clients(ShardSet& set) {
  std::vector<Session*> sessions;
  for (size_t id = 0; id < set.size(); ++id) {
    for (const auto& [number, session] : set.at(id).clients().all()) {
      set.at(id).clients().count(*session);
      if (session->counted.memory != 0) sessions.push_back(session.get());
    }
  }
  std::ranges::sort(sessions, [](const Session* a, const Session* b) {
    return std::pair(b->counted.memory, a->info.id) < std::pair(a->counted.memory, b->info.id);
  });
  for (Session* session : sessions) {
    if (set.client_bytes().memory <= set.client_memory_limit()) return;
    log(LogLevel::kNotice, "Evicting client",
        {{"id", std::to_string(session->info.id)},
         {"addr", session->info.address},
         {"bytes", std::to_string(session->counted.memory)}});
    Shard& home = set.at(session->caller.home);
    ++home.stats().connections_closed_by_limit;
    home.clients().kill(*session);
  }
}

}  // namespace

uint64_t Clients::unasked_limit() const {
  const uint64_t own = shard_->options().client_unsent_reply_limit_bytes;
  return own == 0 ? uint64_t{64} << 20 : own;
}

// Whether `session` has so much unsent that no more is read from it.
bool Clients::has_too_much_unsent(const Session& session) const {
  if (session.is_replica()) return false;  // Its source gives little at a time.
  const size_t unsent = session.unsent_bytes();
  if (!session.is_authenticated) return unsent > kUnauthUnsentBytesMax;
  const bool is_held = (session.stopped & kStopOutput) != 0;
  const uint64_t own = shard_->options().client_unsent_reply_limit_bytes;
  if (own != 0 && unsent > (is_held ? own / 2 : own)) return true;
  return shard_->set().client_bytes().unsent > shard_->set().unsent_limit() &&
         unsent > shard_->set().unsent_share();
}

void Clients::count(Session& session) {
  memory_.count(session);
  const uint64_t own = shard_->options().client_unsent_reply_limit_bytes;
  size_t step = own == 0 ? kOutputStep : std::min<uint64_t>(own, kOutputStep);
  if (!session.is_authenticated) step = kUnauthUnsentBytesMax;
  session.output_mark = session.replies.bytes() + step;
}

void Clients::look_at_output(Session& session) {
  count(session);
  if (has_too_much_unsent(session)) session.stop(kStopOutput);
}

void Clients::settle_output(Session& session) {
  count(session);
  if (session.unsent_bytes() == 0 || !has_too_much_unsent(session)) {
    go_on(session, kStopOutput);
  } else {
    session.stop(kStopOutput);
    if (is_told_unasked(session)) bound_unasked_output();
  }
}

// Called before replies leave: a client that is evicted for the memory of its command gets no reply
// to it. With several shards replies wait (ShardPort::flush_sessions) until it is known which
// clients are evicted.
void Clients::bound_memory() {
  if (shard_->options().maxmemory_clients == 0 || shard_->busy().is_in_turn()) return;
  for (Session* session : ready_)
    count(*session);
  const uint64_t limit = shard_->set().client_memory_limit();
  if (limit == 0 || shard_->set().client_bytes().memory <= limit) return;
  if (shard_->set().size() == 1) {
    evict_clients(shard_->set());
    close_killed();
    return;
  }
  if (shard_->set().evicts_clients_soon.exchange(true, std::memory_order_relaxed)) return;
  shard_->traffic().hold_all([set = &shard_->set()](const Hold&) {
    set->evicts_clients_soon.store(false, std::memory_order_relaxed);
    if (set->client_memory_limit() != 0) evict_clients(*set);
  });
}

void Clients::bound_unasked_output() {
  const uint64_t limit = shard_->set().unsent_limit();
  const uint64_t most = limit + std::min(limit / kUnaskedPart, UINT64_MAX - limit);
  while (shard_->set().client_bytes().unsent > most) {
    Session* largest = nullptr;
    for (const auto& [id, session] : sessions_) {
      if (session->is_gone() || !is_told_unasked(*session)) continue;
      if (largest == nullptr || session->unsent_bytes() > largest->unsent_bytes())
        largest = session.get();
    }
    if (largest == nullptr || largest->unsent_bytes() <= shard_->set().unsent_share()) return;
    largest->close_after_replies("it does not read, and client-unsent-total-limit is passed");
    ++shard_->stats().unsent_limit_passed;
    kill(*largest);
  }
}

}  // namespace kvstash::engine
