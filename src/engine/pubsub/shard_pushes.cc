// Shard's push messages to its sessions: declared in shard.h.
#include "engine/shard.h"

#include <algorithm>
#include <utility>

namespace kvstash::engine {
namespace {

// What may be pushed before sessions are flushed.
constexpr size_t kPushedBytesMax = size_t{1} << 20;

// Gives one push to the sessions it is for.
struct Deliver {
  Shard* shard;
  void operator()(const SharedPublication& push) const {
    shard->pubsub().deliver(push->kind, push->channel, push->payload, push->source);
  }
  void operator()(const SharedPrefixInvalidation& news) const { shard->tracking().deliver(*news); }
  void operator()(const SubscriptionCounted& news) const { shard->pubsub().settle(news); }
  void operator()(const MonitorLine& line) const { shard->tell_monitors(*line.text); }
  void operator()(const auto& news) const { shard->tracking().deliver(news); }
};

}  // namespace

void Shard::push(Session& session, std::string_view message) {
  if (session.replies.out().capacity() == 0) port_->lend_output(session);
  if (session.replies.bytes() == 0) session.pushed_bytes = 0;
  session.replies.follow(received_lsn_);
  session.replies.push(message);
  session.pushed_bytes += message.size();
  pushed_bytes_ += message.size();
  note_ready(session);
  if (!leaves_too_much_unread(session)) return;
  session.close_after_replies("output buffer limit passed");
  ++stats_.output_limit_passed;
  kill_session(session);
}

// Clients of a class that has no limit wait for their replies, but what they are told unasked
// (invalidations) must end somewhere.
bool Shard::leaves_too_much_unread(const Session& session) const {
  const size_t unsent = session.unsent_bytes();
  const ClientClass client_class = session.client_class();
  const uint64_t hard =
      options().client_output_buffer_limit[static_cast<size_t>(client_class)].hard_bytes;
  if (hard != 0) return unsent > hard;
  const uint64_t most = unasked_limit();
  return client_class == ClientClass::kNormal && unsent > most && session.pushed_bytes > most;
}

void Shard::wait_for_pushes(Session& session) {
  if (std::ranges::find(push_waiters_, &session) == push_waiters_.end())
    push_waiters_.push_back(&session);
}

// Well below the bound, so that they do not stop again at once.
void Shard::resume_push_waiters() {
  if (push_waiters_.empty() || set_->has_many_pushes(2)) return;
  for (Session* session : std::exchange(push_waiters_, {}))
    go_on(*session, kStopPushes);
}

void Shard::receive_pushes(const std::vector<Push>& pushes, Lsn lsn) {
  for (const Push& push : pushes) {
    received_lsn_ = lsn;
    pushes_.follow(lsn);  // Redirections are pushed on.
    std::visit(Deliver{this}, push);
    received_lsn_ = kLsnNone;
    if (pushed_bytes_ < kPushedBytesMax || is_in_busy_turn_) continue;
    pushed_bytes_ = 0;
    release_.send();
  }
}

void Shard::send_pushes(Lsn lsn) {
  tracking_.tell_prefixes();
  pushes_.send(lsn);
}

void Shard::tell_monitors(std::string_view line) {
  for (const auto& [id, monitor] : sessions_) {
    if (!monitor->is_monitor || (monitor->stopped & kStopClosing) != 0) continue;
    monitor->replies.follow(received_lsn_);
    monitor->replies.push(line);
    note_ready(*monitor);
    if (monitor->unsent_bytes() <= unasked_limit()) continue;
    monitor->close_after_replies("a monitor that does not read");
    kill_session(*monitor);
  }
}

}  // namespace kvstash::engine
