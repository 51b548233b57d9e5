// Pushes: what a shard has for clients of other shards, collected and sent as one message for each
// shard: at the end of a turn, and before anything that follows from it can be heard elsewhere (a
// reply leaves, a hold ends, a subscription is confirmed).
//
// With several shards every push goes this way, also to the shard's own sessions, so that each
// session hears everything in one order. Owned by a shard; used by whoever holds it.
#pragma once

#include "engine/pubsub/push.h"

#include <cstddef>
#include <vector>

namespace kvstash::engine {

class ShardSet;

class Pushes {
 public:
  explicit Pushes(ShardSet& set) : set_(&set) {}
  Pushes(const Pushes&) = delete;
  Pushes& operator=(const Pushes&) = delete;

  void add(size_t to, Push push);
  // Sends what was collected.
  void flush() {
    if (has_any_) [[unlikely]]
      send();
  }

 private:
  void send();

  ShardSet* set_;
  std::vector<std::vector<Push>> boxes_;  // By shard.
  bool has_any_ = false;
};

}  // namespace kvstash::engine
