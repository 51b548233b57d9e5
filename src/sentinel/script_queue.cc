#include "sentinel/script_queue.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::sentinel {
namespace {

// The pause before another try, after `tries` of them.
Duration pause_after(uint32_t tries, const Periods& periods) {
  return periods.script_retry * (int64_t{1} << std::min(tries - 1, kScriptTriesMax));
}

auto find_running(std::deque<ScriptJob>& jobs, ScriptId id) {
  return std::ranges::find_if(
      jobs, [id](const ScriptJob& job) { return job.is_running && job.id == id; });
}

}  // namespace

void ScriptQueue::add(std::vector<std::string> argv) {
  ensure(!argv.empty());
  jobs_.push_back(ScriptJob{.argv = std::move(argv)});
  if (jobs_.size() <= kScriptsQueuedMax) return;
  const auto oldest =
      std::ranges::find_if(jobs_, [](const ScriptJob& job) { return !job.is_running; });
  ensure(oldest != jobs_.end());  // Fewer run than there are.
  jobs_.erase(oldest);
}

std::optional<ScriptJob> ScriptQueue::begin_next(Moment now) {
  if (running() >= kScriptsRunningMax) return std::nullopt;
  const auto next = std::ranges::find_if(jobs_, [now](const ScriptJob& job) {
    return !job.is_running && (!job.due_at || *job.due_at <= now);
  });
  if (next == jobs_.end()) return std::nullopt;
  next->id = static_cast<ScriptId>(++last_id_);
  next->is_running = true;
  next->is_kill_sent = false;
  next->began_at = now;
  ++next->tries;
  return *next;
}

void ScriptQueue::set_pid(ScriptId id, int64_t pid) {
  if (const auto job = find_running(jobs_, id); job != jobs_.end()) job->pid = pid;
}

std::optional<ScriptJob> ScriptQueue::not_started(ScriptId id) {
  const auto job = find_running(jobs_, id);
  if (job == jobs_.end()) return std::nullopt;
  const ScriptJob was = *job;
  job->is_running = false;
  job->pid = 0;
  if (job->tries >= kScriptTriesMax) jobs_.erase(job);
  return was;
}

std::optional<ScriptQueue::Ended> ScriptQueue::ended(ScriptId id, const ScriptEnded& how,
                                                     const Periods& periods, Moment now) {
  const auto job = find_running(jobs_, id);
  if (job == jobs_.end()) return std::nullopt;
  Ended ended{.job = *job};
  const bool may_be_well_next_time = how.signal != 0 || how.exit_code == 1;
  ended.runs_again = may_be_well_next_time && job->tries < kScriptTriesMax;
  if (ended.runs_again) {
    job->is_running = false;
    job->pid = 0;
    job->due_at = now + pause_after(job->tries, periods);
  } else {
    jobs_.erase(job);
  }
  return ended;
}

std::vector<ScriptJob> ScriptQueue::too_long(const Periods& periods, Moment now) {
  std::vector<ScriptJob> late;
  for (ScriptJob& job : jobs_) {
    if (!job.is_running || now - job.began_at <= periods.script_run_max) continue;
    job.is_kill_sent = true;
    late.push_back(job);
  }
  return late;
}

size_t ScriptQueue::running() const {
  return static_cast<size_t>(std::ranges::count_if(jobs_, &ScriptJob::is_running));
}

}  // namespace kvstash::sentinel
