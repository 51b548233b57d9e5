// Reach: the shards that requests may touch, as their arguments tell before they run.
//
// Routing asks for one request, EXEC for all that were queued, a script for each command that it
// calls. A request whose keys cannot be found needs every shard.
#pragma once

#include "engine/command/command_table.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Shard;

class Reach {
 public:
  // Adds what a request of a client touches whose connection is on `home`; its number of arguments
  // fits. Runs on the thread of `home`.
  void add(const Command& command, std::span<const std::string_view> args, Shard& home);
  void add_shard(size_t shard) { shards_.push_back(shard); }
  void clear();

  // With repeats; more than these if needs_all().
  std::span<const size_t> shards() const { return shards_; }
  bool needs_all() const { return needs_all_; }
  bool needs_home() const { return needs_home_; }  // Something of the connection itself.

 private:
  std::vector<size_t> shards_;
  std::vector<KeyAt> keys_;  // Of the request that is looked at.
  bool needs_all_ = false;
  bool needs_home_ = false;
};

}  // namespace kvstash::engine
