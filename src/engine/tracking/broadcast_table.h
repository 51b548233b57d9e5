// BroadcastTable: the prefixes that clients follow in broadcasting mode, on which shards those
// clients are, and which keys with each prefix have changed since the followers were last told.
//
// Every shard knows all prefixes, and reports changes of its own keys. Lives on a shard.
#pragma once

#include "engine/pubsub/push.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace kvstash::engine {

class BroadcastTable {
 public:
  bool empty() const { return prefixes_.empty(); }
  size_t prefix_count() const { return prefixes_.size(); }

  // Adds or removes one follower on shard `home`. Removing a follower that was not added is a bug.
  void add(std::string_view prefix, uint32_t home);
  void remove(std::string_view prefix, uint32_t home);

  void note_change(std::string_view key, uint64_t author);
  // Number of changes that were not told yet, counted once for each prefix.
  size_t pending() const { return pending_; }
  // Takes the pending changes and calls `tell(homes, changes)` for each prefix, in the order of the
  // prefixes.
  using Homes = std::map<uint32_t, uint64_t>;  // How many followers each shard has.
  void take_pending(const std::function<void(const Homes&, PrefixInvalidation)>& tell);

 private:
  struct Prefix {
    Homes homes;
    ChangedKeys changed;
  };

  std::map<std::string, Prefix, std::less<>> prefixes_;
  size_t pending_ = 0;
};

}  // namespace kvstash::engine
