// ScriptQueue: the scripts of operators that are to run or are running.
//
// At most kScriptsRunningMax run at once and kScriptsQueuedMax are kept; a newer one pushes out the
// oldest that has not begun. A script that ends with code 1 or by a signal runs again, up to
// kScriptTriesMax times in all, after a pause that doubles. One that runs too long is killed.
//
// Pure data with the rules; what to do comes back as values.
#pragma once

#include "sentinel/event.h"
#include "sentinel/periods.h"
#include "sentinel/time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::sentinel {

inline constexpr size_t kScriptsRunningMax = 16;
inline constexpr size_t kScriptsQueuedMax = 256;
inline constexpr uint32_t kScriptTriesMax = 10;

struct ScriptJob {
  ScriptId id{};  // Of its last start.
  std::vector<std::string> argv{};
  bool is_running = false;
  bool is_kill_sent = false;
  uint32_t tries = 0;
  std::optional<Moment> due_at{};  // Waiting: not before this; none: at once.
  Moment began_at{};               // Running.
  int64_t pid = 0;
};

class ScriptQueue {
 public:
  void add(std::vector<std::string> argv);

  // Takes the next script that may begin now, and counts it as running.
  std::optional<ScriptJob> begin_next(Moment now);
  // The process of a script has this number.
  void set_pid(ScriptId id, int64_t pid);
  // A script could not be started: it is waiting again, and tried at the next occasion.
  std::optional<ScriptJob> not_started(ScriptId id);

  struct Ended {
    ScriptJob job;
    bool runs_again = false;
  };
  // Nothing if no such script runs.
  std::optional<Ended> ended(ScriptId id, const ScriptEnded& how, const Periods& periods,
                             Moment now);
  // Scripts that run too long, each named again until it ended.
  std::vector<ScriptJob> too_long(const Periods& periods, Moment now);

  const std::deque<ScriptJob>& jobs() const { return jobs_; }
  size_t running() const;

 private:
  std::deque<ScriptJob> jobs_;  // Oldest first.
  uint64_t last_id_ = 0;
};

}  // namespace kvstash::sentinel
