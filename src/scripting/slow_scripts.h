// SlowScripts: the scripts and functions that have run for longer than busy-reply-threshold and
// still run, and the wishes of others that they end.
//
// With several shards there may be more than one. The thread that executes a script enters it here,
// and looks at its wish between two instructions; any thread may set a wish. Its own mutex is held
// for a few instructions or one walk over the entries.
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
  std::vector<std::string> command;  // The command as the client sent it.
  int64_t began_ns = 0;              // On the monotonic clock.
  bool is_function = false;
  std::atomic<bool> has_written{false};
  std::atomic<Wish> wish{Wish::kNone};
};

class SlowScripts {
 public:
  // Enters a script. Its address must not change until leave().
  void enter(SlowScript& script);
  void leave(SlowScript& script);

  bool has_any() const { return count_.load(std::memory_order_relaxed) != 0; }

  // SCRIPT KILL or FUNCTION KILL: makes scripts or functions end that have written nothing. The
  // error, in Redis's words, says that there is none.
  Status kill(bool functions);
  // Notes that the script is about to write for the first time; from then on it cannot be killed.
  // False: the script has been told to end, and must not write.
  bool begin_writing(SlowScript& script);
  // Makes every script end, even if it has written, because the server is about to end.
  void end_all();
  // Writes what FUNCTION STATS shows of the function that has run longest; null if no script is
  // slow. Error: only scripts of EVAL are slow.
  Status describe(resp::ReplyWriter& to, int64_t now_ns) const;
  // The error of a SHUTDOWN other than NOSAVE: it is refused while a slow script runs.
  Status refuse_saving() const;

 private:
  mutable std::mutex lock_;
  std::vector<SlowScript*> scripts_;
  std::atomic<size_t> count_{0};
};

}  // namespace kvstash::scripting
