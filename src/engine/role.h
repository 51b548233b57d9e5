// Role: whether this node is a primary or a replica, and what its clients may not do because of
// that.
//
// One for all shards, a part of the ShardSet. Changed while every shard is held, except is_stale;
// any thread reads.
#pragma once

#include <atomic>

namespace kvstash::engine {

class Role {
 public:
  bool is_replica() const { return is_replica_.load(std::memory_order_relaxed); }
  // Clients' writes are refused: the node is a replica, and replica-read-only is on.
  bool is_read_only() const { return is_read_only_.load(std::memory_order_relaxed); }
  // Only commands with the flag kStale run: the node is a replica whose link is down, and
  // replica-serve-stale-data is off.
  bool is_stale() const { return is_stale_.load(std::memory_order_relaxed); }
  // maxmemory does not count: the node is a replica, and replica-ignore-maxmemory is on. What is
  // evicted the primary decides.
  bool ignores_maxmemory() const { return ignores_maxmemory_.load(std::memory_order_relaxed); }

  void set_replica(bool is_replica) { is_replica_.store(is_replica, std::memory_order_seq_cst); }
  void set_read_only(bool is_read_only) {
    is_read_only_.store(is_read_only, std::memory_order_seq_cst);
  }
  void set_stale(bool is_stale) { is_stale_.store(is_stale, std::memory_order_seq_cst); }
  void ignore_maxmemory(bool is_ignored) {
    ignores_maxmemory_.store(is_ignored, std::memory_order_seq_cst);
  }

 private:
  std::atomic<bool> is_replica_{false};
  std::atomic<bool> is_read_only_{false};
  std::atomic<bool> is_stale_{false};
  std::atomic<bool> ignores_maxmemory_{false};
};

}  // namespace kvstash::engine
