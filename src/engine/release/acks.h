// Acks: how far the journal is kept beyond this node's memory: on its disk, and by replicas. WAIT
// and WAITAOF wait for that (client/waits.h), whatever the replies of others wait for (gate.h).
//
// One for all shards, a part of the ShardSet. Any thread reads; who keeps the journal writes, and
// then has ShardSet::tell_acks() wake the clients that wait.
#pragma once

#include "engine/release/lsn.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace kvstash::engine {

// What a client waits for: everything up to `lsn` is where it is wanted.
struct AckWish {
  Lsn lsn = kLsnNone;
  bool is_local = false;     // On the disk of this node.
  int64_t replicas = 0;      // At so many replicas.
  bool is_on_disks = false;  // Which have it on their disks.
};

// Up to where a replica says that it has the journal.
struct ReplicaAck {
  Lsn applied = kLsnNone;
  Lsn durable = kLsnNone;  // On its disk.

  bool operator==(const ReplicaAck&) const = default;
};

class Acks {
 public:
  enum class Log : uint8_t {
    kOff,     // Nothing is written to the disk.
    kBegins,  // The log is wanted, and is not a whole one on the disk yet.
    kOn,
  };

  Log log() const { return log_.load(std::memory_order_seq_cst); }
  // Both return whether that changed anything.
  bool set_log(Log log) { return log_.exchange(log, std::memory_order_seq_cst) != log; }
  // The log stands on the disk up to `lsn`. One thread at a time.
  bool set_durable(Lsn lsn) { return durable_.exchange(lsn, std::memory_order_seq_cst) != lsn; }

  // Whether everything up to `lsn` is on the disk of this node.
  bool is_local(Lsn lsn) const {
    return log() == Log::kOn && lsn <= durable_.load(std::memory_order_seq_cst);
  }

  // ---- Replicas.
  // Sets what each of them has. Returns whether that changed anything.
  bool set_replicas(std::vector<ReplicaAck> acks) {
    const std::lock_guard guard(lock_);
    if (acks == replicas_) return false;
    replicas_ = std::move(acks);
    return true;
  }
  // The number of replicas that have everything up to wish.lsn.
  int64_t replicas(const AckWish& wish) const {
    const std::lock_guard guard(lock_);
    return std::ranges::count_if(replicas_, [&](const ReplicaAck& ack) {
      return wish.lsn <= (wish.is_on_disks ? ack.durable : ack.applied);
    });
  }
  // Has the replicas say soon what they have. Called on a shard's thread, when a client begins to
  // wait for them.
  void ask_replicas() const {
    if (ask_) ask_();
  }
  // Set before the threads start.
  void set_ask(std::function<void()> ask) { ask_ = std::move(ask); }

  bool are_met(const AckWish& wish) const {
    return (!wish.is_local || is_local(wish.lsn)) && replicas(wish) >= wish.replicas;
  }
  // Whether the client waits for a log that the operator has turned off.
  bool is_hopeless(const AckWish& wish) const { return wish.is_local && log() == Log::kOff; }

 private:
  std::atomic<Log> log_{Log::kOff};
  std::atomic<Lsn> durable_{kLsnNone};
  std::function<void()> ask_;
  mutable std::mutex lock_;  // Held for a look at each replica.
  std::vector<ReplicaAck> replicas_;
};

}  // namespace kvstash::engine
