// DataLoad: loads what the disk has into the shards of a node that is loading: an RDB file, or the
// files of the append-only log. Knows how far it has come.
//
// Blocking; one thread at a time, which is no shard's. Errors are sentences for the log.
#pragma once

#include "base/result.h"
#include "persist/aof/recovery.h"
#include "persist/background_waits.h"
#include "persist/node/loader.h"
#include "persist/node/node_context.h"
#include "persist/node/persist_facts.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kvstash::persist {

class DataLoad {
 public:
  DataLoad(NodeContext& node, BackgroundWaits& waits);
  DataLoad(const DataLoad&) = delete;
  DataLoad& operator=(const DataLoad&) = delete;

  // Loads dbfilename.
  struct RdbChoice {
    bool is_fresh = true;        // See LoadOptions.
    bool may_be_missing = true;  // Then nothing is loaded; else it is an error.
  };
  // Returns where the file says that the stream goes on.
  Result<std::optional<LoadedStream>> load_rdb(RdbChoice choice);
  // Loads the snapshot of a primary into empty databases. `goes_on`: see LoadOptions.
  Status load_snapshot(const std::string& path, std::function<bool()> goes_on);
  // Loads the files of the log in `directory`, as the plan says. Returns where the base says that
  // the stream goes on.
  Result<std::optional<LoadedStream>> load_log(const AofLayout& layout, const RecoveryPlan& plan);

  // ---- Any thread.
  void take_up_options();
  const LoadProgress& progress() const { return progress_; }
  void tell(PersistFacts& facts) const;

 private:
  void begin(uint64_t bytes_total);
  std::function<void()> wait_after_key();
  Status load_base(Loader& loader, const std::string& path, const RecoveredFile& base);

  NodeContext* node_;
  BackgroundWaits* waits_;
  LoadProgress progress_;
  std::atomic<int64_t> began_s_{0};
  std::atomic<int64_t> key_load_delay_us_{0};
};

}  // namespace kvstash::persist
