// What the HyperLogLog commands do with a key whose string is one. Not thread-safe: runs where the
// key's shard is held.
#pragma once

#include "base/result.h"
#include "engine/execution/key.h"
#include "store/hyperloglog.h"

namespace kvstash::commands {

inline Error corrupt_hll() {
  return Error::literal("INVALIDOBJ Corrupted HLL object detected");
}

// The HyperLogLog at a key that exists; lives until the key is changed. Error: it is none.
Result<store::HllView> view_hll(engine::Key& key);

// Raises a register of the key's HyperLogLog: true if it was lower. A sparse one becomes dense past
// `sparse_bytes_max`. Error, and nothing changed: it is damaged.
Result<bool> raise_register(engine::Key& key, store::HllMark mark, size_t sparse_bytes_max);

// Makes it dense. Error, and nothing changed: it is damaged.
Status make_dense(engine::Key& key);

}  // namespace kvstash::commands
