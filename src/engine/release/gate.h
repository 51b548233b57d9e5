// Gate: where the replies of one shard wait until the journal has come to the LSN that they follow
// from.
//
// How far it has come is one number for all shards, ShardSet::released_lsn(): up to there records
// are as durable as the operator asked (later: as many replicas have them as the client asked).
// Without a journal it is the largest number, and no reply waits.
//
// Lives on a shard and is used on its thread, except claim().
#pragma once

#include "engine/release/lsn.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

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
  // When the longest wait began, as told to wait(); none: nothing waits.
  std::optional<int64_t> oldest_ms() const;

  // Has open() call `then` once the journal has come to `lsn`: lower LSNs are called first, and
  // equal ones in the order in which they came. `then` may call wait() again, and must not throw.
  // The caller of wait() calls open() before the end of the turn. `now_ms`: any clock's.
  void wait(Lsn lsn, int64_t now_ms, Released then);
  // Calls the functions whose LSN is reached. If some are left, claim() returns true from then on.
  void open();
  // True if something waits here and no thread was told yet to have open() called; the caller then
  // has the shard call open(). Called by any thread, after released() has grown.
  bool claim() {
    return is_awaited_.load(std::memory_order_seq_cst) &&
           is_awaited_.exchange(false, std::memory_order_seq_cst);
  }

 private:
  struct Waiting {
    Lsn lsn;
    int64_t since_ms;
    Released then;
  };

  const std::atomic<Lsn>* released_;
  std::deque<Waiting> waiting_;  // By LSN.
  std::atomic<bool> is_awaited_{false};
};

}  // namespace kvstash::engine
