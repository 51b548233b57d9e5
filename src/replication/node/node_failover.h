// NodeFailover: FAILOVER on this node: carries out what a Failover decides. Writes wait from the
// request on; once a replica has everything the node follows it, and asks it to take over.
//
// Each function says which threads may call it.
#pragma once

#include "base/result.h"
#include "engine/shard_set.h"
#include "persist/background_waits.h"
#include "replication/node/replica_end.h"
#include "replication/peer/failover.h"
#include "replication/primary/primary_end.h"

#include <mutex>
#include <span>
#include <string_view>

namespace kvstash::replication {

class NodeFailover {
 public:
  // All of it outlives this object.
  struct Node {
    engine::ShardSet* set;
    persist::BackgroundWaits* waits;
    PrimaryEnd* primary_end;
    ReplicaEnd* replica_end;
  };

  explicit NodeFailover(const Node& node) : node_(node) {}
  NodeFailover(const NodeFailover&) = delete;
  NodeFailover& operator=(const NodeFailover&) = delete;

  // FAILOVER, with its name. Every shard is held. The Error is the reply.
  Status command(std::span<const std::string_view> argv);

  // ---- Threads that are no shard's.
  // To be called several times a second.
  void tick();
  // What the target answered.
  void answered(bool is_accepted);

  // Any thread.
  FailoverState state() const;

 private:
  std::vector<FailoverCandidate> candidates() const;
  void act_held(const FailoverAction& action);
  void act(const FailoverAction& action);

  Node node_;
  mutable std::mutex lock_;  // Held for a step of failover_.
  Failover failover_;
};

}  // namespace kvstash::replication
