// NodeHistory: the present History of a node, for all of its threads, and the names that it takes.
//
// Changed while every shard is held, so that a name and an offset that were read under a hold
// belong together. Any thread reads.
#pragma once

#include "base/random.h"
#include "persist/journal/history_port.h"
#include "replication/history.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::replication {

class NodeHistory final : public persist::HistoryPort {
 public:
  // The node has a new name. `entropy` outlives this object.
  explicit NodeHistory(Entropy& entropy)
      : entropy_(&entropy), history_{.replid = new_replid(entropy)} {}

  History get() const {
    const std::lock_guard guard(lock_);
    return history_;
  }
  void set(History history) {
    const std::lock_guard guard(lock_);
    history_ = std::move(history);
  }
  // The node goes on under a new name from `offset` on.
  void rename(uint64_t offset) {
    const std::lock_guard guard(lock_);
    history_.rename(new_replid(*entropy_), offset);
  }

  // ---- HistoryPort.
  std::string replid() const override {
    const std::lock_guard guard(lock_);
    return history_.replid;
  }
  void begin() override {
    const std::lock_guard guard(lock_);
    history_.replace(new_replid(*entropy_));
  }
  void go_on_from(std::string_view replid, uint64_t offset) override {
    if (!is_replid(replid)) return;
    set({.replid = new_replid(*entropy_),
         .second_replid = std::string(replid),
         .second_end = offset});
  }

 private:
  Entropy* entropy_;
  mutable std::mutex lock_;  // Held for a copy.
  History history_;
};

}  // namespace kvstash::replication
