// The limits that decide which encodings containers use, taken from the present options.
//
// Cheap enough to be called by each command that changes a container.
#pragma once

#include "engine/execution/call.h"
#include "engine/shard.h"
#include "engine/shard_set.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"

namespace kvstash::commands {

inline store::ListLimits list_limits(const engine::EngineOptions& options,
                                     size_t packed_threshold = 0) {
  return {.listpack_size = options.list_max_listpack_size,
          .compress_depth = static_cast<uint32_t>(options.list_compress_depth),
          .packed_threshold = packed_threshold};
}
inline store::ListLimits list_limits(engine::Call& call) {
  return list_limits(call.options(), call.worker().quicklist_packed_threshold);
}

inline store::HashOptions hash_options(const engine::EngineOptions& options, const HashSeed& seed) {
  return {.listpack_entries_max = static_cast<size_t>(options.hash_max_listpack_entries),
          .listpack_value_bytes_max = options.hash_max_listpack_value,
          .seed = seed};
}
inline store::HashOptions hash_options(engine::Call& call) {
  return hash_options(call.options(), call.shards().seed());
}

inline store::SetOptions set_options(const engine::EngineOptions& options, const HashSeed& seed) {
  return {.intset_entries_max = static_cast<size_t>(options.set_max_intset_entries),
          .listpack_entries_max = static_cast<size_t>(options.set_max_listpack_entries),
          .listpack_value_bytes_max = options.set_max_listpack_value,
          .seed = seed};
}
inline store::SetOptions set_options(engine::Call& call) {
  return set_options(call.options(), call.shards().seed());
}

inline store::SortedSetOptions sorted_set_options(const engine::EngineOptions& options,
                                                  const HashSeed& seed) {
  return {.listpack_entries_max = static_cast<size_t>(options.zset_max_listpack_entries),
          .listpack_value_bytes_max = options.zset_max_listpack_value,
          .seed = seed};
}
inline store::SortedSetOptions sorted_set_options(engine::Call& call) {
  return sorted_set_options(call.options(), call.shards().seed());
}

}  // namespace kvstash::commands
