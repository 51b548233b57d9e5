// The error replies of a replica to commands that it does not run, in Redis's words.
#pragma once

#include "base/result.h"

namespace kvstash::engine::errors {

inline Error read_only_replica() {
  return Error::literal("READONLY You can't write against a read only replica.");
}
inline Error stale_replica() {
  return Error::literal(
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
}

}  // namespace kvstash::engine::errors
