// TurnWork: the port by which a room above the engine does a little work on each shard's thread in
// each of its turns, such as the walk of a snapshot; and says what the engine has to know of it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash::engine {

class Shard;

class TurnWork {
 public:
  virtual ~TurnWork() = default;

  // Called on the shard's thread near the end of a turn, outside of commands. The turn has taken
  // `turn_ns` so far. Returns true if the next turn is to come at once, because there is more to
  // do.
  virtual bool step(Shard& shard, uint64_t turn_ns) = 0;

  // Returns the bytes of the process that this work holds and that nothing is to be evicted for.
  // Any thread; costs a few instructions.
  virtual size_t uncounted_bytes() const { return 0; }

  // Whether replies to clients that have written nothing wait for the journal, too. Any thread;
  // called when such a reply would wait.
  virtual bool do_reads_wait() const { return true; }
};

}  // namespace kvstash::engine
