#include "engine/data/due_keys.h"

#include "engine/execution/hold.h"
#include "engine/shard_set.h"

namespace kvstash::engine {

bool keeps_due_keys(const Hold& hold, const ShardData& shard) {
  return shard.keeps_due_keys() || hold.set().role().is_replica();
}

}  // namespace kvstash::engine
