// Worker: what the executing thread lends to the code that runs under its hold.
//
// Under a hold of several shards one thread works for all of them. It uses its own counters,
// randomness and lane of the journal, so that other shards' are not touched and the records of one
// execution stand in one lane. A shard owns one Worker for its thread; the objects that it points
// to belong to that shard, and only the shard's thread uses them.
#pragma once

#include "base/random.h"
#include "engine/execution/effect_sink.h"
#include "engine/pubsub/pushes.h"
#include "engine/telemetry/stats.h"

#include <cstddef>

namespace kvstash::engine {

struct Worker {
  size_t shard;                   // The shard whose thread it is.
  ShardStats* stats;              // Never null.
  Random* random;                 // Never null.
  Pushes* pushes;                 // Pushes for clients of other shards; never null.
  EffectSink* journal = nullptr;  // The thread's lane; null: there is no journal.
};

}  // namespace kvstash::engine
