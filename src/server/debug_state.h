// What DEBUG changes and nothing else owns. Changed while every shard is held, read on any shard.
#pragma once

#include <string>

namespace kvstash::server {

struct DebugState {
  std::string replication_id = random_id();  // INFO's master_replid; DEBUG CHANGE-REPL-ID.

  static std::string random_id();  // 40 hex digits.
};

}  // namespace kvstash::server
