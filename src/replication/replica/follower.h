// Follower: follows one primary: connects, resumes or takes a snapshot, applies the stream, and
// begins anew when the connection is lost, until it is to leave.
//
//   ReplicaLink       what is said, and when
//   net::Dialed       the connection
//   SnapshotReceiver  the snapshot on its way to the disk
//   StreamApplier     the stream on its way to the shards
//
// run() is called by the one thread that follows; it blocks. The other functions say who may call
// them.
#pragma once

#include "base/result.h"
#include "engine/shard_set.h"
#include "net/dialed.h"
#include "net/options.h"
#include "persist/background_waits.h"
#include "replication/link/replica_link.h"
#include "replication/node/node_history.h"
#include "replication/options.h"
#include "replication/primary/primary_end.h"
#include "replication/replica/primary_facts.h"
#include "replication/replica/snapshot_receiver.h"
#include "replication/replica/stream_applier.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {
class Persistence;
}

namespace kvstash::replication {

// How a primary is reached and greeted, and what is done with what it sends.
struct FollowOptions {
  ReplicationOptions replication;
  net::NetOptions net;
  // The primary is a replica of this node until it is asked to take over. What it answers is told.
  std::function<void(bool is_accepted)> take_over{};
};

class Follower {
 public:
  // What a follower works on. All of it outlives the follower.
  struct Node {
    engine::ShardSet* set;
    persist::Persistence* persistence;
    NodeHistory* history;
    PrimaryEnd* primary_end;
    persist::BackgroundWaits* waits;
  };

  // `from`: where the history of this node has come to, if it can go on from there.
  Follower(const Node& node, FollowOptions options, std::optional<StreamPosition> from);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Returns after leave() or give_up().
  void run();

  // ---- Under a hold of all shards.
  void take_up_options(FollowOptions options);
  // The operator says once more that this primary is to be followed: its next snapshot is taken,
  // even if it is empty.
  void accept_empty_once() { accepts_empty_once_ = true; }
  // Applies everything that has come whole, and ends. Returns where that ended; nothing: the data
  // is no place in the history.
  std::optional<StreamPosition> leave(const engine::Hold& all);
  // See StreamApplier.
  std::unique_lock<std::mutex> settle(const engine::Hold& all) { return applier_.settle(all); }

  // ---- Any thread.
  // The node ends.
  void give_up();
  PrimaryFacts facts() const;

 private:
  // ---- Turns.
  void turn();
  void receive();
  void step(const LinkEvent& event) { carry_out(link_.step(event, now_ms())); }
  void carry_out(const std::vector<LinkAction>& actions);
  void lose(std::string_view why);
  void hang_up();
  void publish();

  // ---- Actions.
  void act(const DialPrimary& action);
  void act(const HangUp& action);
  void act(const SendToPrimary& action);
  void act(const SnapshotBegins& action);
  void act(const SnapshotBytes& action);
  void act(const SnapshotEnds& action);
  void act(const SnapshotDropped& action);
  void act(const StreamContinues& action);
  void act(const StreamBytes& action);
  void act(const TakeOverAnswered& action);
  void act(const LinkTells& action);

  // ---- A full synchronization. Errors are sentences for the log.
  Status replace_data();
  void take_name(const std::string& replid);
  Status refuse_empty();
  bool drop_data();
  bool stay_alive();
  void begin_history();

  FollowOptions options() const;
  LinkOptions link_options() const;
  std::chrono::milliseconds timeout() const;
  StreamPlace place() const;
  ReplicaProgress progress() const;
  int64_t now_ms() const;
  bool is_over() const { return is_over_.load(std::memory_order_relaxed); }

  Node node_;
  std::string host_;
  uint16_t port_;
  mutable std::mutex lock_;  // Held for a copy.
  FollowOptions options_;
  PrimaryFacts facts_;
  std::atomic<bool> is_over_{false};
  std::atomic<uint32_t> over_word_{0};  // The same, to be waited for.
  // The data here is where the history stands at applier_.handed().
  std::atomic<bool> has_place_;
  std::atomic<bool> accepts_empty_once_{false};

  ReplicaLink link_;
  net::Dialed dialed_;
  std::string buffer_;  // What the last read has brought.
  int64_t timer_at_ms_ = 0;
  StreamApplier applier_;
  std::string asked_replid_;  // The name under which the primary was asked to go on.
  // Empty: the primary is not to be asked to take over, or has answered.
  std::function<void(bool is_accepted)> take_over_;
  bool has_followed_ = false;  // This primary's data was here.

  std::unique_ptr<SnapshotReceiver> receiver_;
  StreamPlace snapshot_place_;
  std::optional<uint64_t> snapshot_bytes_;
  bool is_loading_ = false;
};

}  // namespace kvstash::replication
