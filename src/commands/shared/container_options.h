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

inline store::ListLimits list_limits(engine::Call& call) {
  const engine::EngineOptions& options = call.options();
  return {.listpack_size = options.list_max_listpack_size,
          .compress_depth = static_cast<uint32_t>(options.list_compress_depth),
          .packed_threshold = call.worker().quicklist_packed_threshold};
}

inline store::HashOptions hash_options(engine::Call& call) {
  const engine::EngineOptions& options = call.options();
  return {.listpack_entries_max = static_cast<size_t>(options.hash_max_listpack_entries),
          .listpack_value_bytes_max = options.hash_max_listpack_value,
          .seed = call.shards().seed()};
}

inline store::SetOptions set_options(engine::Call& call) {
  const engine::EngineOptions& options = call.options();
  return {.intset_entries_max = static_cast<size_t>(options.set_max_intset_entries),
          .listpack_entries_max = static_cast<size_t>(options.set_max_listpack_entries),
          .listpack_value_bytes_max = options.set_max_listpack_value,
          .seed = call.shards().seed()};
}

inline store::SortedSetOptions sorted_set_options(engine::Call& call) {
  const engine::EngineOptions& options = call.options();
  return {.listpack_entries_max = static_cast<size_t>(options.zset_max_listpack_entries),
          .listpack_value_bytes_max = options.zset_max_listpack_value,
          .seed = call.shards().seed()};
}

}  // namespace kvstash::commands
