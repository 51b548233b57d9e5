// NodeHistory: the present History of a node, for all of its threads.
//
// Changed while every shard is held, so that a name and an offset that were read under a hold
// belong together. Any thread reads.
#pragma once

#include "replication/history.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace kvstash::replication {

class NodeHistory {
 public:
  explicit NodeHistory(std::string replid) : history_{.replid = std::move(replid)} {}

  History get() const {
    const std::lock_guard guard(lock_);
    return history_;
  }
  void set(History history) {
    const std::lock_guard guard(lock_);
    history_ = std::move(history);
  }

 private:
  mutable std::mutex lock_;  // Held for a copy.
  History history_;
};

}  // namespace kvstash::replication
