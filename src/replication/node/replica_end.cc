#include "replication/node/replica_end.h"

#include "base/log.h"
#include "engine/shard.h"
#include "persist/node/persistence.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace kvstash::replication {
namespace {

using engine::Shard;

bool has_same_primary(const ReplicationOptions& a, const ReplicationOptions& b) {
  return a.primary_host == b.primary_host && a.primary_port == b.primary_port;
}

}  // namespace

ReplicaEnd::ReplicaEnd(const Node& node, FollowOptions options)
    : node_(node), waits_(*node.set), options_(std::move(options)) {
  journal().set_incoming(this);
  take_up_role();
}

ReplicaEnd::~ReplicaEnd() {
  begin_end();
  finish();
  journal().set_incoming(nullptr);
}

persist::NodeJournal& ReplicaEnd::journal() const {
  return node_.persistence->journal();
}

// ---- The thread.

void ReplicaEnd::start() {
  is_running_ = true;
  thread_ = node_.set->ports().threads->start("kv-replica", [this] {
    run();
    is_running_.store(false, std::memory_order_release);
  });
}

void ReplicaEnd::run() {
  waits_.hold_all([this](const engine::Hold&) {
    has_begun_ = true;
    if (!options_.replication.primary_host.empty()) become_replica();
  });
  // One that has left is still there until the role has changed.
  std::shared_ptr<Follower> before;
  while (!ends_) {
    const uint32_t seen = news_;
    if (has_new_name_.exchange(false)) go_on_in_new_file();
    std::shared_ptr<Follower> now = follower();
    if (now == nullptr || now == before) {
      node_.set->ports().parking->wait(news_, seen);
      continue;
    }
    now->run();
    before = std::move(now);
  }
}

// Files carry the name beside an offset. Until then they have the name of before, as if this node
// had failed before it was promoted.
void ReplicaEnd::go_on_in_new_file() {
  node_.persistence->change_history([] {});
}

void ReplicaEnd::begin_end() {
  ends_ = true;
  ++news_;
  node_.set->ports().parking->wake(news_);
  if (const std::shared_ptr<Follower> now = follower(); now != nullptr) now->give_up();
  waits_.end();
}

void ReplicaEnd::finish() {
  if (thread_ != nullptr) thread_->join();
  thread_ = nullptr;
}

std::shared_ptr<Follower> ReplicaEnd::follower() const {
  const std::lock_guard guard(lock_);
  return follower_;
}

std::shared_ptr<Follower> ReplicaEnd::make_follower(std::optional<StreamPosition> from) {
  FollowOptions options = options_;
  if (std::exchange(asks_to_take_over_, false)) options.take_over = take_over_answered_;
  return std::make_shared<Follower>(Follower::Node{.set = node_.set,
                                                   .persistence = node_.persistence,
                                                   .history = node_.history,
                                                   .primary_end = node_.primary_end,
                                                   .waits = &waits_},
                                    std::move(options), from);
}

// ---- The role.

void ReplicaEnd::take_up_role() {
  engine::Role& role = node_.set->role();
  const ReplicationOptions& now = options_.replication;
  const bool is_replica = !now.primary_host.empty();
  role.set_replica(is_replica);
  role.set_read_only(is_replica && now.replica_read_only);
  role.ignore_maxmemory(is_replica && now.replica_ignore_maxmemory);
  if (!is_replica) role.set_stale(false);
  set_log_role(is_replica ? 'S' : 'M');
}

void ReplicaEnd::take_up_options(FollowOptions options) {
  const bool is_same = has_same_primary(options.replication, options_.replication);
  options_ = std::move(options);
  if (is_same) {
    if (const std::shared_ptr<Follower> now = follower(); now != nullptr)
      now->take_up_options(options_);
    take_up_role();
    return;
  }
  if (!has_begun_) {
    take_up_role();
  } else if (options_.replication.primary_host.empty()) {
    become_primary();
  } else {
    become_replica();
  }
}

void ReplicaEnd::follow_again() {
  const std::shared_ptr<Follower> now = follower();
  if (now != nullptr && now->facts().refuses_empty) now->accept_empty_once();
}

// Where the data of this node stands in its history, once the present primary is left; nothing: it
// stands nowhere in it.
std::optional<StreamPosition> ReplicaEnd::leave_primary() {
  if (const std::shared_ptr<Follower> before = follower(); before != nullptr) {
    std::optional<StreamPosition> end = before->leave(node_.set->at(0).hold_of(nullptr));
    journal().end_following();
    return end;
  }
  if (!journal().is_attached()) return std::nullopt;
  journal().join();
  return StreamPosition{.offset = journal().range().end, .db = journal().journal().selected()};
}

void ReplicaEnd::become_replica() {
  const std::optional<StreamPosition> from = leave_primary();
  journal().begin_following(from ? from->db : engine::DbIndex{});
  {
    const std::lock_guard guard(lock_);
    follower_ = make_follower(from);
  }
  take_up_role();
  for (size_t id = 0; id < node_.set->size(); ++id)
    node_.set->submit(id, [](Shard& shard) { shard.waits().end_all(); });
  ++news_;
  node_.set->ports().parking->wake(news_);
  log(LogLevel::kNotice, fmt::format("Following {}:{}", options_.replication.primary_host,
                                     options_.replication.primary_port));
}

// The old primary may go on under the old name, so the history of this node has a new one from here
// on. Its replicas come back, and hear of that.
void ReplicaEnd::become_primary() {
  const std::optional<StreamPosition> end = leave_primary();
  {
    const std::lock_guard guard(lock_);
    follower_ = nullptr;
  }
  take_up_role();
  if (end) {
    node_.history->rename(end->offset);
  } else {
    node_.history->begin();
  }
  const History history = node_.history->get();
  log(LogLevel::kNotice,
      fmt::format("Setting secondary replication ID to {}, valid up to offset: {}. New replication "
                  "ID is {}",
                  history.second_replid, history.second_end + 1, history.replid));
  node_.primary_end->drop_replicas("the history has a new name");
  has_new_name_ = true;
  ++news_;
  node_.set->ports().parking->wake(news_);
}

std::unique_lock<std::mutex> ReplicaEnd::settle(const engine::Hold& all) {
  const std::shared_ptr<Follower> now = follower();
  return now == nullptr ? std::unique_lock<std::mutex>() : now->settle(all);
}

// ---- What is told.

std::optional<PrimaryFacts> ReplicaEnd::facts() const {
  const std::shared_ptr<Follower> now = follower();
  if (now != nullptr) return now->facts();
  if (!node_.set->role().is_replica()) return std::nullopt;
  // The data of the disk is still being loaded.
  return PrimaryFacts{.host = options_.replication.primary_host,
                      .port = static_cast<uint16_t>(options_.replication.primary_port)};
}

}  // namespace kvstash::replication
