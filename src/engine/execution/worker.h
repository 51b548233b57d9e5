// Worker: what the thread that executes lends to the code that runs under its hold.
//
// Under a hold of several shards one thread works for all of them. It counts, draws and records
// with its own things, so that nobody else's are touched and the records of one execution stand in
// one lane of the journal. A shard owns one Worker for its thread; all that it points to belongs to
// that shard, and only the shard's thread uses it.
#pragma once

#include "base/random.h"
#include "engine/execution/effect_sink.h"
#include "engine/pubsub/pushes.h"
#include "engine/telemetry/stats.h"

#include <cstddef>

namespace kvstash::engine {

struct Worker {
  size_t shard;                   // Whose thread it is.
  ShardStats* stats;              // Never null, ...
  Random* random;                 // ... nor this, ...
  Pushes* pushes;                 // ... nor this: what is told to clients of other shards.
  EffectSink* journal = nullptr;  // Its lane; null: there is no journal.
};

}  // namespace kvstash::engine
