// RdbSaves: the file that BGSAVE and save points write: when one is due by the save points, and its
// writing.
//
// The saving thread, unless a function says otherwise.
#pragma once

#include "base/result.h"
#include "engine/shard.h"
#include "persist/node/cuts.h"
#include "persist/node/node_context.h"
#include "persist/node/persist_facts.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace kvstash::persist {

class RdbSaves {
 public:
  RdbSaves(NodeContext& node, Cuts& cuts);
  RdbSaves(const RdbSaves&) = delete;
  RdbSaves& operator=(const RdbSaves&) = delete;

  // Whether a save point is reached. After a save that failed (`was_ok`), some seconds pass first.
  bool is_due(bool was_ok);
  // Saves, and tells the log how it went.
  Status save();
  // Writes the file, silently.
  Status write();

  // ---- Any thread.
  int64_t last_save_s() const { return last_save_s_.load(std::memory_order_relaxed); }
  void tell(PersistFacts& facts) const;
  // ---- A shard's thread, or all shards held.
  // The shard tells how many changes it has made.
  void publish(engine::Shard& shard);
  // All changes so far count as saved. Every shard is held.
  void count_as_saved();

 private:
  uint64_t changes() const;

  struct alignas(64) Published {
    std::atomic<uint64_t> changes{0};
  };

  NodeContext* node_;
  Cuts* cuts_;
  std::vector<Published> published_;  // By shard.
  std::atomic<int64_t> last_save_s_;
  std::atomic<uint64_t> changes_saved_{0};
  int64_t tried_s_ = 0;
  mutable std::mutex lock_;  // For what is told of the last save.
  int64_t time_s_ = -1;
  uint64_t saves_ = 0;
  uint64_t peak_bytes_ = 0;
};

}  // namespace kvstash::persist
