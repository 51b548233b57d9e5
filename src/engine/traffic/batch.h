// Batch: commands on their way from a connection's shard to the shard of their keys, and their
// replies on the way back (carriage.h). One object makes the round trip, and its home reuses it.
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

// A command in a batch. Its session is null if the command was answered before the batch was over
// (busy_turns.cc).
struct Hop : Passenger {};

struct Batch : Message, Carriage {
  Batch() : Message(Kind::kBatch) {}

  size_t home = 0;
  size_t to = 0;
  std::vector<Hop> hops;
  size_t next = 0;  // Index of the next hop to run.
  // The waiters of hops that found nothing, each with the index of its hop. Almost always empty.
  std::vector<std::pair<size_t, std::shared_ptr<Waiter>>> waiters;
  bool is_refused = false;  // The shard was busy, and ran none of the hops.

  void reset() {
    kind = Kind::kBatch;
    unload();
    hops.clear();
    next = 0;
    waiters.clear();
    is_refused = false;
  }
};

// A function that a shard runs on its own thread. Owns all that it carries; freed after it ran.
struct Task : Message {
  explicit Task(std::function<void(Shard&)> function)
      : Message(Kind::kTask), run(std::move(function)) {}
  std::function<void(Shard&)> run;
  bool changes_keys = false;  // It must not run between the commands of a script.
};

}  // namespace kvstash::engine
