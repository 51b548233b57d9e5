// ReplicaRoster: the replicas of this node, as all of its threads see them: who they are, how far
// they are, and what they have acknowledged.
//
// Each replica's source (replica_source.h) keeps its own entry up to date. Any thread.
#pragma once

#include "engine/release/acks.h"
#include "replication/node/replication_facts.h"
#include "replication/peer/replica_facts.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace kvstash::replication {

struct ReplicaEntry {
  uint64_t session = 0;  // The id of its connection.
  size_t shard = 0;      // Where that lives.
  std::string ip;        // As it announced itself, or of its connection.
  ReplicaFacts facts;
  ReplicaState state{};
  int64_t since_ms = 0;    // When the state began, by the monotonic clock.
  bool is_silent = false;  // It asked by SYNC, and acknowledges nothing of the stream.
  engine::ReplicaAck ack{};

  // How the log calls it.
  std::string name() const;
  // Milliseconds since it acknowledged last.
  int64_t lag_ms(int64_t now_ms) const;
};

class ReplicaRoster {
 public:
  // `changed` is called after each change, without a lock.
  explicit ReplicaRoster(std::function<void()> changed) : changed_(std::move(changed)) {}

  void put(ReplicaEntry entry);
  void remove(uint64_t session);

  std::vector<ReplicaEntry> all() const;  // By the numbers of their connections.
  size_t size() const;
  // What those that follow the stream have.
  std::vector<engine::ReplicaAck> acks() const;
  // The number of those whose last acknowledgement is at most so old.
  int64_t good(int64_t now_ms, int64_t lag_ms_max) const;

 private:
  std::function<void()> changed_;
  mutable std::mutex lock_;  // Held for a copy.
  std::map<uint64_t, ReplicaEntry> entries_;
};

}  // namespace kvstash::replication
