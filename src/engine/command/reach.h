// Reach: the shards that requests may touch, worked out from their arguments before they run.
//
// Routing uses it for one request, EXEC for all queued commands, a script for each command that it
// calls. A request whose keys cannot be found needs every shard.
#pragma once

#include "engine/command/command_table.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Shard;

// Returns the scope of one request. `home`: as FindScope. (Of the commands that find their scope,
// only those of administrators may be of scope kGather.)
inline Scope scope_of(const Command& command, std::span<const std::string_view> args, Shard& home) {
  const CommandSpec& spec = *command.spec;
  return spec.find_scope == nullptr ? spec.scope : spec.find_scope(args, home);
}

// Whether a request is of scope kGather. Costs nothing for a command without a FindScope.
inline bool asks_shards(const Command& command, std::span<const std::string_view> args,
                        Shard& home) {
  const bool finds = command.spec->find_scope != nullptr && command.has(kAdmin);
  return (finds ? scope_of(command, args, home) : command.spec->scope) == Scope::kGather;
}

class Reach {
 public:
  // Adds the shards that a request touches. Its client's connection is on `home`, and its number of
  // arguments fits. Runs on the thread of `home`.
  void add(const Command& command, std::span<const std::string_view> args, Shard& home);
  void add_shard(size_t shard) { shards_.push_back(shard); }
  void clear();

  // The shards, with repeats; if needs_all(), every shard is needed instead.
  std::span<const size_t> shards() const { return shards_; }
  bool needs_all() const { return needs_all_; }
  bool needs_home() const { return needs_home_; }  // A request uses the connection itself.

 private:
  std::vector<size_t> shards_;
  std::vector<KeyAt> keys_;  // Scratch: keys of the request being added.
  bool needs_all_ = false;
  bool needs_home_ = false;
};

}  // namespace kvstash::engine
