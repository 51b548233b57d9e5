// Shard's push messages to its sessions: declared in shard.h.
#include "engine/shard.h"

namespace kvstash::engine {
namespace {

// What may be pushed before sessions are flushed.
constexpr size_t kPushedBytesMax = size_t{1} << 20;
// What the shell keeps of output that it has sent already, at most, or else no more than is unsent.
constexpr size_t kSentBytesMax = size_t{256} << 10;

}  // namespace

void Shard::push(Session& session, std::string_view message) {
  if (session.replies.out().capacity() == 0) port_->lend_output(session);
  session.replies.push(message);
  pushed_bytes_ += message.size();
  note_ready(session);
  // The shell knows how much of that was sent; past twice the limit it is surely too much.
  const OutputBufferLimit& limit =
      options().client_output_buffer_limit[static_cast<size_t>(session.client_class())];
  if (limit.hard_bytes == 0 || session.replies.bytes() / 2 <= limit.hard_bytes + kSentBytesMax)
    return;
  session.close_after_replies("output buffer limit passed");
  kill_session(session);
}

void Shard::receive_pushes(const std::vector<SharedPublication>& pushes) {
  for (const SharedPublication& push : pushes) {
    pubsub_.deliver(push->kind, push->channel, push->payload, push->source);
    if (pushed_bytes_ < kPushedBytesMax) continue;
    pushed_bytes_ = 0;
    port_->flush_sessions();
  }
}

}  // namespace kvstash::engine
