// A shard's pushes to its sessions: declared in shard.h.
#include "engine/shard.h"

#include <variant>
#include <vector>

namespace kvstash::engine {
namespace {

// The most bytes that are pushed before sessions are flushed.
constexpr size_t kPushedBytesMax = size_t{1} << 20;

// Delivers one push to its sessions.
struct Deliver {
  Shard* shard;
  void operator()(const SharedPublication& push) const {
    shard->pubsub().deliver(push->kind, push->channel, push->payload, push->source);
  }
  void operator()(const SharedPrefixInvalidation& news) const { shard->tracking().deliver(*news); }
  void operator()(const SubscriptionCounted& news) const { shard->pubsub().settle(news); }
  void operator()(const MonitorLine& line) const { shard->monitors().tell(*line.text); }
  void operator()(const auto& news) const { shard->tracking().deliver(news); }
};

}  // namespace

void Shard::receive_pushes(const PushBox& box, bool may_send) {
  for (const Push& push : box.pushes) {
    clients_.set_received_lsn(box.lsn);
    pushes_.follow(box.lsn);  // Redirected invalidations are pushed on to other shards.
    std::visit(Deliver{this}, push);
    clients_.set_received_lsn(kLsnNone);
    if (may_send && clients_.pushed_bytes >= kPushedBytesMax) release_.send();
  }
  set_->pushes_under_way.fetch_sub(box.bytes, std::memory_order_relaxed);
}

void Shard::send_pushes(Lsn lsn) {
  tracking_.tell_prefixes();
  pushes_.send(lsn);
}

}  // namespace kvstash::engine
