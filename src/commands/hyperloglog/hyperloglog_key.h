// Operations of the HyperLogLog commands on a key. Not thread-safe: runs where the key's shard is
// held.
#pragma once

#include "base/result.h"
#include "engine/execution/key.h"
#include "store/hyperloglog.h"

namespace kvstash::commands {

inline Error corrupt_hll() {
  return Error::literal("INVALIDOBJ Corrupted HLL object detected");
}

// The HyperLogLog at a key that exists. The view is valid until the key is changed. Error: the
// value is no HyperLogLog.
Result<store::HllView> view_hll(engine::Key& key);

// Raises a register of the key's HyperLogLog. True if the register was lower. A sparse HyperLogLog
// becomes dense if it would exceed `sparse_bytes_max`. Error, and nothing changed: it is damaged.
Result<bool> raise_register(engine::Key& key, store::HllMark mark, size_t sparse_bytes_max);

// Makes the key's HyperLogLog dense. Error, and nothing changed: it is damaged.
Status make_dense(engine::Key& key);

}  // namespace kvstash::commands
