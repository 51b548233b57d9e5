// ReplicaEnd: the primary of this node, if it has one: the role of the node that follows from that,
// and the thread `kv-replica` that follows the primary.
//
// The role changes while every shard is held, and at once; the thread notices by itself. Each
// function says which threads may call it.
#pragma once

#include "base/threads.h"
#include "engine/shard_set.h"
#include "persist/background_waits.h"
#include "persist/node/node_journal.h"
#include "replication/node/node_history.h"
#include "replication/primary/primary_end.h"
#include "replication/replica/follower.h"
#include "replication/replica/primary_facts.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace kvstash::replication {

class ReplicaEnd final : private persist::IncomingStream {
 public:
  struct Node {
    engine::ShardSet* set;
    persist::Persistence* persistence;
    NodeHistory* history;
    PrimaryEnd* primary_end;
  };

  // Takes up the role at once; no shard's thread has begun yet.
  ReplicaEnd(const Node& node, FollowOptions options);
  ~ReplicaEnd() override;
  ReplicaEnd(const ReplicaEnd&) = delete;
  ReplicaEnd& operator=(const ReplicaEnd&) = delete;

  // ---- The server.
  // Sets what is told when a primary has answered whether it takes over. Before start().
  void on_take_over(std::function<void(bool is_accepted)> answered) {
    take_over_answered_ = std::move(answered);
  }
  // Begins to follow: the data of the disk is loaded. Any thread, once.
  void start();
  // The node ends: what is being done is given up soon. has_ended(): it is. Then finish() may be
  // called, when no shard runs any more.
  void begin_end();
  bool has_ended() const { return !is_running_.load(std::memory_order_acquire); }
  void finish();

  // ---- Under a hold of all shards.
  // Takes over options. If they name another primary than before, it is followed from now on; if
  // they name none, the node becomes a primary.
  void take_up_options(FollowOptions options);
  // The operator says once more that the present primary is to be followed.
  void follow_again();
  // The next primary is asked to take over from this node.
  void ask_next_to_take_over() { asks_to_take_over_ = true; }

  // ---- Any thread.
  // Nothing: the node is a primary.
  std::optional<PrimaryFacts> facts() const;

 private:
  std::unique_lock<std::mutex> settle(const engine::Hold& all) override;
  persist::NodeJournal& journal() const;
  void take_up_role();
  void become_replica();
  void become_primary();
  std::optional<StreamPosition> leave_primary();
  void go_on_in_new_file();
  std::shared_ptr<Follower> make_follower(std::optional<StreamPosition> from);
  std::shared_ptr<Follower> follower() const;
  void run();

  Node node_;
  persist::BackgroundWaits waits_;
  FollowOptions options_;               // Changed under a hold of all shards.
  mutable std::mutex lock_;             // Held for a copy.
  std::shared_ptr<Follower> follower_;  // Null: the node is a primary, or has not begun.
  std::atomic<bool> has_begun_{false};
  bool asks_to_take_over_ = false;  // Changed under a hold of all shards.
  std::function<void(bool is_accepted)> take_over_answered_;
  std::atomic<bool> ends_{false};
  std::atomic<bool> is_running_{false};
  std::atomic<uint32_t> news_{0};
  // The history has a new name, and the log is still in the file of the old one.
  std::atomic<bool> has_new_name_{false};
  std::unique_ptr<Threads::Thread> thread_;
};

}  // namespace kvstash::replication
