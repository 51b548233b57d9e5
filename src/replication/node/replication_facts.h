// ReplicationFacts: what INFO, ROLE and the metrics tell of replication. A plain value.
#pragma once

#include "replication/history.h"
#include "replication/replica/primary_facts.h"

#include <cstdint>
#include <optional>

namespace kvstash::replication {

struct ReplicationFacts {
  History history{};
  uint64_t offset = 0;  // Where the stream ends.
  int64_t now_ms = 0;   // By the monotonic clock that times are of.

  // ---- The primary of this node; nothing: it is one.
  std::optional<PrimaryFacts> primary{};

  // ---- The backlog.
  uint64_t backlog_size = 0;  // Bytes; the directive.
};

}  // namespace kvstash::replication
