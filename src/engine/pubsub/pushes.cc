#include "engine/pubsub/pushes.h"

#include "engine/shard.h"

#include <memory>
#include <utility>

namespace kvstash::engine {

size_t push_bytes(const Push& push) {
  struct Measure {
    size_t operator()(const SharedPublication& publication) const {
      return publication->channel.size() + publication->payload.size();
    }
    size_t operator()(const KeyInvalidation& news) const {
      return news.key.size() + news.clients.size() * sizeof(uint64_t);
    }
    size_t operator()(const SharedPrefixInvalidation& news) const {
      size_t bytes = news->prefix.size();
      for (const auto& [key, author] : news->keys)
        bytes += key.size();
      return bytes;
    }
    size_t operator()(const FlushInvalidation&) const { return 0; }
    size_t operator()(const RedirectedInvalidation& news) const { return news.value.size(); }
    size_t operator()(const BrokenRedirection&) const { return 0; }
    size_t operator()(const SubscriptionCounted& news) const {
      size_t bytes = 0;
      for (const std::string& name : news.names)
        bytes += sizeof(name) + name.size();
      return bytes;
    }
    size_t operator()(const MonitorLine& line) const { return line.text->size(); }
  };
  return sizeof(Push) + std::visit(Measure(), push);
}

void Pushes::add(size_t to, Push push) {
  if (boxes_.empty()) boxes_.resize(set_->size());
  boxes_[to].push_back(std::move(push));
  has_any_ = true;
}

void Pushes::send_boxes(Lsn lsn) {
  has_any_ = false;
  for (size_t to = 0; to < boxes_.size(); ++to) {
    if (boxes_[to].empty()) continue;
    size_t bytes = 0;
    for (const Push& push : boxes_[to])
      bytes += push_bytes(push);
    set_->pushes_under_way.fetch_add(bytes, std::memory_order_relaxed);
    auto box = std::make_unique<PushBox>(std::exchange(boxes_[to], {}), lsn, bytes);
    set_->post(to, box.release());  // The receiving shard frees it.
  }
}

}  // namespace kvstash::engine
