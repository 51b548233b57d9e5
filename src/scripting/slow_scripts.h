// SlowScripts: the scripts and functions that have run for longer than busy-reply-threshold and run
// still, and what others wish of them: that they end.
//
// With several shards there may be more than one. Those that execute enter their own and look at
// its wish between two instructions; any thread may wish. A mutex of its own, held for a few
// instructions or one walk over the entries.
#pragma once

#include "base/result.h"
#include "resp/reply_writer.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace kvstash::scripting {

struct SlowScript {
  enum class Wish : uint8_t { kNone, kKill, kShutdown };

  std::string name;                  // The script's SHA1, or the function's name.
  std::vector<std::string> command;  // As the client sent it.
  int64_t began_ns = 0;              // On the monotonic clock.
  bool is_function = false;
  std::atomic<bool> has_written{false};
  std::atomic<Wish> wish{Wish::kNone};
};

class SlowScripts {
 public:
  // It stays where it is until leave().
  void enter(SlowScript& script);
  void leave(SlowScript& script);

  bool has_any() const { return count_.load(std::memory_order_relaxed) != 0; }

  // SCRIPT KILL, or FUNCTION KILL: those of this kind that have written nothing shall end. Error:
  // there is none, in Redis's words.
  Status kill(bool functions);
  // It is about to write for the first time, and cannot be killed from then on. False: it has been
  // killed already, and must not write.
  bool begin_writing(SlowScript& script);
  // Every one shall end, whatever it has done: the server is going to.
  void end_all();
  // What FUNCTION STATS tells of the function that has run longest. Error: only a script runs.
  Status describe(resp::ReplyWriter& to, int64_t now_ns) const;
  // Why SHUTDOWN is not taken, unless it gives up what was written.
  Status refuse_saving() const;

 private:
  mutable std::mutex lock_;
  std::vector<SlowScript*> scripts_;
  std::atomic<size_t> count_{0};
};

}  // namespace kvstash::scripting
