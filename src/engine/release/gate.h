// Gate: one shard's place where replies wait until the journal has come as far as they follow from.
//
// How far it has come says one number for all shards, ShardSet::released(): up to there records are
// as durable as the operator asked (later: as many replicas have them as the client asked). Without
// a journal it is the largest number, and nothing ever waits.
//
// Lives on a shard, on its thread, but for claim().
#pragma once

#include "engine/release/lsn.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>

namespace kvstash::engine {

class Gate {
 public:
  using Released = std::function<void()>;

  // `released` outlives the gate.
  explicit Gate(const std::atomic<Lsn>& released) : released_(&released) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  Lsn released() const { return released_->load(std::memory_order_acquire); }
  bool is_open(Lsn lsn) const { return lsn <= released(); }
  size_t waiting() const { return waiting_.size(); }

  // Calls `then` from open() once the journal has come to `lsn`; those with lower LSNs before, and
  // of equal ones in the order in which they came. `then` may call wait() again, and must not
  // throw. Call open() before the end of the turn.
  void wait(Lsn lsn, Released then);
  // Calls those whose LSN is reached. Those that are left are seen by claim().
  void open();
  // Any thread, after released() has grown: true if somebody waits, and nobody was told yet to call
  // open(). The caller then sees to it that the shard does.
  bool claim() {
    return is_awaited_.load(std::memory_order_seq_cst) &&
           is_awaited_.exchange(false, std::memory_order_seq_cst);
  }

 private:
  struct Waiting {
    Lsn lsn;
    Released then;
  };

  const std::atomic<Lsn>* released_;
  std::deque<Waiting> waiting_;  // By LSN.
  std::atomic<bool> is_awaited_{false};
};

}  // namespace kvstash::engine
