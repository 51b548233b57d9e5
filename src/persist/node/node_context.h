// NodeContext: what the parts of this room share: the node that they belong to, its ports, and the
// present options.
//
// Lives as long as the parts. Any thread.
#pragma once

#include "base/disk.h"
#include "engine/shard_set.h"
#include "persist/journal/history_port.h"
#include "persist/options.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace kvstash::scripting {
class Scripting;
}

namespace kvstash::persist {

class NodeContext {
 public:
  NodeContext(engine::ShardSet& set, scripting::Scripting& scripting, std::string redis_version,
              HistoryPort& history, PersistOptions options);
  NodeContext(const NodeContext&) = delete;
  NodeContext& operator=(const NodeContext&) = delete;

  engine::ShardSet& set() const { return *set_; }
  scripting::Scripting& scripting() const { return *scripting_; }
  Disk& disk() const { return *set_->ports().disk; }
  const std::string& redis_version() const { return redis_version_; }
  HistoryPort& history() const { return *history_; }

  PersistOptions options() const {
    const std::lock_guard guard(lock_);
    return options_;
  }
  void set_options(PersistOptions options) {
    const std::lock_guard guard(lock_);
    options_ = std::move(options);
  }

  int64_t now_ns() const { return set_->clock().monotonic_ns(); }
  int64_t unix_s() const { return set_->clock().wall_now_us() / 1'000'000; }

 private:
  engine::ShardSet* set_;
  scripting::Scripting* scripting_;
  std::string redis_version_;
  HistoryPort* history_;
  mutable std::mutex lock_;  // Held for a copy.
  PersistOptions options_;
};

}  // namespace kvstash::persist
