// ReplicationFacts: what INFO, ROLE and the metrics tell of replication. A plain value.
#pragma once

#include "replication/history.h"

#include <cstdint>

namespace kvstash::replication {

struct ReplicationFacts {
  History history{};
  uint64_t offset = 0;  // Where the stream ends.

  // ---- The backlog.
  uint64_t backlog_size = 0;  // Bytes; the directive.
};

}  // namespace kvstash::replication
