// Replication: what a node has to do with other nodes, joined: its history, its replicas, and its
// primary.
//
//   NodeHistory   the names of what this node's journal tells
//   PrimaryEnd    replicas of this node: PSYNC, snapshots for them, the stream, what they
//   acknowledge ReplicaEnd    the primary of this node, if it has one: the thread that follows it
//
// Owned by the server, found through the ShardSet. Each function says which threads may call it.
#pragma once

#include "engine/shard_set.h"
#include "net/options.h"
#include "replication/node/node_history.h"
#include "replication/node/replica_end.h"
#include "replication/node/replication_facts.h"
#include "replication/options.h"

#include <mutex>
#include <string>

namespace kvstash::replication {

class Replication {
 public:
  struct Setup {
    engine::ShardSet* set;              // Outlives this object.
    persist::Persistence* persistence;  // The same.
    std::string replid;                 // 40 hexadecimal digits.
  };

  Replication(Setup setup, ReplicationOptions options, const net::NetOptions& net);
  Replication(const Replication&) = delete;
  Replication& operator=(const Replication&) = delete;

  // ---- The server.
  // Begins to follow the primary, if there is one: the data of the disk is loaded.
  void start() { replica_end_.start(); }
  // Takes over options. Every shard is held, or none has begun.
  void take_up_options(ReplicationOptions options, const net::NetOptions& net);
  // The node ends: no shard may stop before has_ended(), and all have at finish().
  void begin_end() { replica_end_.begin_end(); }
  bool has_ended() const { return replica_end_.has_ended(); }
  void finish() { replica_end_.finish(); }

  // ---- Any thread.
  NodeHistory& history() { return history_; }
  ReplicaEnd& replica_end() { return replica_end_; }
  ReplicationFacts facts() const;

 private:
  engine::ShardSet* set_;
  NodeHistory history_;
  mutable std::mutex lock_;  // Held for a copy.
  ReplicationOptions options_;
  ReplicaEnd replica_end_;
};

}  // namespace kvstash::replication
