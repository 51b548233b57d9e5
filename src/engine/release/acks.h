// Acks: how far the journal is kept beyond this node's memory: on its disk, and by replicas. WAIT
// and WAITAOF wait for that (client/waits.h), whatever the replies of others wait for (gate.h).
//
// One for all shards, a part of the ShardSet. Any thread reads; who keeps the journal writes, and
// then has ShardSet::tell_acks() wake the clients that wait. No replica can follow this node yet.
#pragma once

#include "engine/release/lsn.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kvstash::engine {

// What a client waits for: everything up to `lsn` is where it is wanted.
struct AckWish {
  Lsn lsn = kLsnNone;
  bool is_local = false;  // On the disk of this node.
  int64_t replicas = 0;   // At so many replicas.
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
  // The number of replicas that have everything up to `lsn`.
  static int64_t replicas(Lsn) { return 0; }

  bool are_met(const AckWish& wish) const {
    return (!wish.is_local || is_local(wish.lsn)) && replicas(wish.lsn) >= wish.replicas;
  }
  // Whether the client waits for a log that the operator has turned off.
  bool is_hopeless(const AckWish& wish) const { return wish.is_local && log() == Log::kOff; }

 private:
  std::atomic<Log> log_{Log::kOff};
  std::atomic<Lsn> durable_{kLsnNone};
};

}  // namespace kvstash::engine
