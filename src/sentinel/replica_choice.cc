#include "sentinel/replica_choice.h"

#include "base/text.h"

#include <algorithm>
#include <optional>

namespace kvstash::sentinel {
namespace {

constexpr int64_t kPingPeriodsValid = 5;
constexpr int64_t kInfoPeriodsValid = 3;
// A replica may have been apart from its primary for so many `down-after` before we noticed.
constexpr int64_t kDownAfterOfBrokenLink = 10;

// Whether run id `a` stands before `b`; one that is not known is last.
bool is_smaller_id(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return !a.empty();
  return to_lower(a) < to_lower(b);
}

bool is_better(const Instance& a, const Instance& b) {
  if (a.reported.priority != b.reported.priority) return a.reported.priority < b.reported.priority;
  if (a.reported.offset != b.reported.offset) return a.reported.offset > b.reported.offset;
  return is_smaller_id(a.run_id, b.run_id);
}

// For how long the primary is down, as far as we can tell.
Duration down_for(const State& state, const Monitored& group) {
  const Instance& primary = group.primary;
  if (!primary.is_subjectively_down) return Duration(0);
  const Duration seen = state.now - primary.subjectively_down_since;
  const Link& link = *primary.link;
  if (link.has_answered_well)
    return std::max(seen, state.now - link.answered_well_at - primary.down_after);
  std::optional<Duration> lost;
  for (const auto& replica : group.replicas)
    if (!replica->is_subjectively_down && replica->reported.at)
      lost = std::min(lost.value_or(Duration::max()), replica->reported.link_down);
  return std::max(seen, lost.value_or(Duration(0)));
}

}  // namespace

bool is_eligible(const State& state, const Monitored& group, const Instance& replica) {
  const Instance& primary = group.primary;
  if (replica.is_subjectively_down || replica.link->is_disconnected) return false;
  if (state.now - replica.link->answered_well_at > state.periods.ping * kPingPeriodsValid)
    return false;
  if (replica.reported.priority == 0 || !replica.reported.at) return false;
  const Duration valid = primary.is_subjectively_down ? state.periods.ping * kPingPeriodsValid
                                                      : state.periods.info * kInfoPeriodsValid;
  if (state.now - *replica.reported.at > valid) return false;
  return replica.reported.link_down <=
         group.options.down_after * kDownAfterOfBrokenLink + down_for(state, group);
}

Instance* choose_replica(const State& state, const Monitored& group) {
  Instance* best = nullptr;
  for (const auto& replica : group.replicas) {
    if (!is_eligible(state, group, *replica)) continue;
    if (best == nullptr || is_better(*replica, *best)) best = replica.get();
  }
  return best;
}

}  // namespace kvstash::sentinel
