// Replication: what a node has to do with other nodes, joined: its history, its replicas, and its
// primary.
//
//   NodeHistory   the names of what this node's journal tells
//   PrimaryEnd    replicas of this node: what they ask for, are sent, and acknowledge
//   NodeFailover  FAILOVER: the node gives its place to a replica
//   ReplicaEnd    the primary of this node, if it has one: the thread that follows it
//
// Owned by the server, found through the ShardSet. Each function says which threads may call it.
#pragma once

#include "engine/shard_set.h"
#include "net/options.h"
#include "replication/node/node_failover.h"
#include "replication/node/node_history.h"
#include "replication/node/replica_end.h"
#include "replication/node/replication_facts.h"
#include "replication/options.h"
#include "replication/primary/primary_end.h"

namespace kvstash::replication {

class Replication {
 public:
  struct Setup {
    engine::ShardSet* set;              // Outlives this object.
    persist::Persistence* persistence;  // The same.
    NodeHistory* history;               // The same.
  };

  Replication(Setup setup, ReplicationOptions options, const net::NetOptions& net);
  Replication(const Replication&) = delete;
  Replication& operator=(const Replication&) = delete;

  // ---- The server.
  // What was on the disk is loaded: replicas are served, and the primary is followed, if there is
  // one.
  void start();
  // Takes over options. Every shard is held, or none has begun.
  void take_up_options(const ReplicationOptions& options, const net::NetOptions& net);
  // The node ends: no shard may stop before has_ended().
  void begin_end() { replica_end_.begin_end(); }
  bool has_ended() const { return replica_end_.has_ended(); }
  // Called when no command runs any more. The shards still exist, and what the node keeps on disk.
  void finish();

  PrimaryEnd& primary_end() { return primary_end_; }
  ReplicaEnd& replica_end() { return replica_end_; }
  NodeFailover& failover() { return failover_; }

  // ---- Any thread.
  NodeHistory& history() { return *history_; }
  ReplicationFacts facts() const;

 private:
  engine::ShardSet* set_;
  NodeHistory* history_;
  PrimaryEnd primary_end_;
  ReplicaEnd replica_end_;
  NodeFailover failover_;
};

}  // namespace kvstash::replication
