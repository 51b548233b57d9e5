// What DEBUG changes and nothing else owns. Changed while every shard is held, read on any shard.
#pragma once

#include <cstdint>
#include <string>

namespace kvstash::server {

struct DebugState {
  std::string replication_id = random_id();  // INFO's master_replid; DEBUG CHANGE-REPL-ID.
  uint64_t quicklist_packed_threshold = uint64_t{1} << 30;  // Bytes; for the lists to come.

  static std::string random_id();  // 40 hex digits.
};

}  // namespace kvstash::server
