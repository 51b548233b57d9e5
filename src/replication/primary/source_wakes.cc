#include "replication/primary/source_wakes.h"

#include "engine/shard.h"

#include <vector>

namespace kvstash::replication {

void SourceWakes::add(size_t shard, uint64_t session) {
  shards_[shard].sessions.push_back(session);
}

void SourceWakes::remove(size_t shard, uint64_t session) {
  std::erase(shards_[shard].sessions, session);
}

void SourceWakes::arrived() {
  for (size_t id = 0; id < shards_.size(); ++id) {
    std::atomic<bool>& waits = shards_[id].waits;
    if (waits.load(std::memory_order_seq_cst) && waits.exchange(false, std::memory_order_seq_cst))
      wake(id);
  }
}

void SourceWakes::wake(size_t shard) {
  set_->submit(shard, [this](engine::Shard& on) {
    for (const uint64_t id : shards_[on.id()].sessions) {
      if (engine::Session* session = on.clients().find(id)) on.clients().note_ready(*session);
    }
  });
}

}  // namespace kvstash::replication
