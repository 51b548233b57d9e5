// Pushes: the pushes of a shard for clients of other shards, collected and sent as one message for
// each shard: at the end of a turn, and before anything leaves by which other shards could learn
// what follows from them (a reply or a request leaves, a hold ends). See release.h.
//
// With several shards every push goes this way, also to the shard's own sessions, so that each
// session gets all pushes in one order. Owned by a shard; used by the thread that holds it.
#pragma once

#include "engine/pubsub/push.h"
#include "engine/release/lsn.h"
#include "engine/traffic/mailbox.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace kvstash::engine {

class ShardSet;

// The pushes of one shard for the sessions of another, on their way. Owns what it carries; freed by
// the receiver.
struct PushBox : Message {
  PushBox(std::vector<Push> what, Lsn follows_from, size_t counted)
      : Message(Kind::kPushes), pushes(std::move(what)), lsn(follows_from), bytes(counted) {}
  std::vector<Push> pushes;
  Lsn lsn;
  size_t bytes;  // What the pushes count in ShardSet::pushes_under_way.
};

class Pushes {
 public:
  explicit Pushes(ShardSet& set) : set_(&set) {}
  Pushes(const Pushes&) = delete;
  Pushes& operator=(const Pushes&) = delete;

  void add(size_t to, Push push);
  // Pushes that are collected now follow from `lsn`, too: they were made from a push that came with
  // it.
  void follow(Lsn lsn) { follows_ = std::max(follows_, lsn); }
  // Sends the collected pushes, which follow from `lsn`.
  void send(Lsn lsn) {
    if (has_any_) [[unlikely]]
      send_boxes(std::max(lsn, follows_));
    follows_ = kLsnNone;
  }

 private:
  void send_boxes(Lsn lsn);

  ShardSet* set_;
  std::vector<std::vector<Push>> boxes_;  // By shard.
  bool has_any_ = false;
  Lsn follows_ = kLsnNone;
};

}  // namespace kvstash::engine
