// SourceWakes: has the connections of replicas asked for more output once there is more.
//
// A source that has given all it had says so by wait(). arrived() then sends one message to each
// shard where some wait, however many bytes come until the shard has taken it.
#pragma once

#include "engine/shard_set.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvstash::replication {

class SourceWakes {
 public:
  explicit SourceWakes(engine::ShardSet& set) : set_(&set), shards_(set.size()) {}
  SourceWakes(const SourceWakes&) = delete;
  SourceWakes& operator=(const SourceWakes&) = delete;

  // ---- The shard's thread, or one that holds it. `session`: the id of a connection.
  void add(size_t shard, uint64_t session);
  void remove(size_t shard, uint64_t session);
  // A source there has nothing to give. It looks once more afterwards, since what came before this
  // call wakes nobody.
  void wait(size_t shard) { shards_[shard].waits.store(true, std::memory_order_seq_cst); }

  // ---- Any thread.
  // There may be more.
  void arrived();
  // The same, for a shard whose sources may not have said that they wait.
  void wake(size_t shard);

 private:
  struct alignas(64) OfShard {
    std::atomic<bool> waits{false};
    std::vector<uint64_t> sessions;
  };

  engine::ShardSet* set_;
  std::vector<OfShard> shards_;
};

}  // namespace kvstash::replication
