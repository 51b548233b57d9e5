// BroadcastTable: the prefixes that clients follow in broadcasting mode, on which shards those
// clients are, and what has changed of each prefix since it was last told.
//
// Every shard knows all prefixes, and tells of its own keys. Lives on a shard.
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

  // One follower more, or less, on shard `home`. Removing what was not added is a mistake.
  void add(std::string_view prefix, uint32_t home);
  void remove(std::string_view prefix, uint32_t home);

  void note_change(std::string_view key, uint64_t author);
  // Changes that have not been told, counted once for each prefix.
  size_t pending() const { return pending_; }
  // Empties them prefix by prefix, in the order of the prefixes: `tell(homes, changes)`.
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
