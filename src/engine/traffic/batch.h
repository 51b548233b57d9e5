// Batch: commands on their way from a connection's shard to the shard of their keys, and their
// replies on the way back (carriage.h). One object makes the whole round and is reused by its home.
#pragma once

#include "engine/execution/waiter.h"
#include "engine/traffic/carriage.h"
#include "engine/traffic/mailbox.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace kvstash::engine {

// Its session is null once it is answered before the batch is over (busy_turns.cc).
struct Hop : Passenger {};

struct Batch : Message, Carriage {
  Batch() : Message(Kind::kBatch) {}

  size_t home = 0;
  size_t to = 0;
  std::vector<Hop> hops;
  size_t next = 0;  // Of them: those before it have run.
  // Hops that found nothing and wait, by their index. Hardly ever any.
  std::vector<std::pair<size_t, std::shared_ptr<Waiter>>> waiters;
  bool is_refused = false;  // The shard was busy: nothing was run.

  void reset() {
    kind = Kind::kBatch;
    unload();
    hops.clear();
    next = 0;
    waiters.clear();
    is_refused = false;
  }
};

// A function for a shard to run on its own thread. Owns all it carries; freed after it ran.
struct Task : Message {
  explicit Task(std::function<void(Shard&)> function)
      : Message(Kind::kTask), run(std::move(function)) {}
  std::function<void(Shard&)> run;
  bool changes_keys = false;  // Must not come between the commands of a script.
};

}  // namespace kvstash::engine
