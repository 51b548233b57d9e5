// PrimaryFacts: what INFO, ROLE and the metrics tell of the primary of this node. A plain value.
#pragma once

#include "replication/link/replica_link.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kvstash::replication {

struct PrimaryFacts {
  std::string host{};
  uint16_t port = 0;
  LinkState state = LinkState::kNone;
  bool is_up() const { return state == LinkState::kStreaming; }
  bool is_syncing() const { return state == LinkState::kReceiving || state == LinkState::kLoading; }
  // By a monotonic clock, in milliseconds; nothing: never.
  std::optional<int64_t> heard_ms{};
  std::optional<int64_t> down_since_ms{};
  uint64_t read = 0;     // The offset up to which the stream was read.
  uint64_t applied = 0;  // And applied on all shards.

  // ---- The snapshot, while one is taken.
  uint64_t sync_bytes_total = 0;  // 0: the primary has not said it.
  uint64_t sync_bytes_read = 0;

  bool refuses_empty = false;  // The primary has lost its data, and this node keeps its own.
  uint64_t full_syncs = 0;
  uint64_t partial_syncs = 0;
};

}  // namespace kvstash::replication
