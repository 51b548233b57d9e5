// Monitors: the connections of one shard that see all commands (MONITOR), and what they are shown.
//
// On the shard's thread.
#pragma once

#include "engine/command/command_table.h"
#include "engine/execution/key.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

class Session;
class Shard;

class Monitors {
 public:
  explicit Monitors(Shard& shard) : shard_(&shard) {}

  // A client of this shard sent a command, for that database: the monitors of all shards see it,
  // if there are any and it is none of those that they do not see.
  void note(const Session& session, const Command& command, std::span<const std::string_view> argv,
            DbIndex db);
  // The same, whichever command it is.
  void feed(const Session& session, const Command& command, std::span<const std::string_view> argv,
            DbIndex db);
  // Shows a line to those of this shard.
  void tell(std::string_view line);

 private:
  Shard* shard_;
};

}  // namespace kvstash::engine
