#include "engine/pushes.h"

#include "engine/shard.h"

#include <utility>

namespace kvstash::engine {

void Pushes::add(size_t to, SharedPublication publication) {
  if (boxes_.empty()) boxes_.resize(set_->size());
  boxes_[to].push_back(std::move(publication));
  has_any_ = true;
}

void Pushes::send() {
  has_any_ = false;
  for (size_t to = 0; to < boxes_.size(); ++to) {
    if (boxes_[to].empty()) continue;
    size_t bytes = 0;
    for (const SharedPublication& publication : boxes_[to])
      bytes += publication->payload.size();
    set_->pushes_under_way.fetch_add(bytes, std::memory_order_relaxed);
    set_->submit(to, [bytes, box = std::exchange(boxes_[to], {})](Shard& shard) {
      shard.receive_pushes(box);
      shard.set().pushes_under_way.fetch_sub(bytes, std::memory_order_relaxed);
    });
  }
}

}  // namespace kvstash::engine
