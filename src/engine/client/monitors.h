// Monitors: the connections of one shard that see all commands (MONITOR), and the lines they get.
//
// Used on the shard's thread.
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

  // Tells the monitors of all shards that a client of this shard sent a command for database `db`.
  // Does nothing if there are no monitors or the command is one that they do not see.
  void note(const Session& session, const Command& command, std::span<const std::string_view> argv,
            DbIndex db);
  // Tells the monitors of all shards of a command, whichever it is.
  void feed(const Session& session, const Command& command, std::span<const std::string_view> argv,
            DbIndex db);
  // Sends a line to the monitors of this shard.
  void tell(std::string_view line);

 private:
  Shard* shard_;
};

}  // namespace kvstash::engine
