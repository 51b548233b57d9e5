// State that DEBUG commands change and that no other part owns. It is changed while every shard is
// held, and read on any shard.
#pragma once

#include <string>

namespace kvstash::server {

struct DebugState {
  std::string replication_id = random_id();  // INFO's master_replid; set by DEBUG CHANGE-REPL-ID.

  static std::string random_id();  // 40 hex digits.
};

}  // namespace kvstash::server
