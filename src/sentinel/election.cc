#include "sentinel/election.h"

#include "base/text.h"
#include "sentinel/hello.h"
#include "sentinel/pace.h"

#include <algorithm>
#include <ctime>
#include <map>

namespace kvstash::sentinel {
namespace {

// Redis starts no attempt before this many failover timeouts have passed since the last one.
constexpr int64_t kTimeoutsBetweenAttempts = 2;

struct Count {
  std::string leader;
  int64_t votes = 0;
};

// The candidate with the most votes; none has 0.
Count leading(const std::map<std::string, int64_t>& votes) {
  Count most;
  for (const auto& [leader, count] : votes)
    if (count > most.votes) most = {leader, count};
  return most;
}

// "Mon Nov 30 07:53:21 2026", in UTC: this room does not know where it is.
std::string date_text(Instant instant) {
  const std::time_t seconds = to_ms(instant) / 1000;
  std::tm parts{};
  char text[32];
  ::gmtime_r(&seconds, &parts);
  const size_t size = std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &parts);
  return std::string(text, size);
}

void log_delay(State& state, Monitored& group, Moment until) {
  Failover& failover = group.failover;
  if (failover.delay_logged_for == failover.started_at) return;
  failover.delay_logged_for = failover.started_at;
  const Instant wall = state.wall + (until - state.wall_at);
  write_log(state, LogLevel::kWarning,
            "Next failover delay: I will not start a failover before " + date_text(wall));
}

// An attempt that another one made keeps us from making our own for a while.
void respect_vote(State& state, Monitored& group) {
  ++group.candidacy.attempts;
  const Pace pace = pace_of(state, group);
  group.failover.started_at = state.now;
  if (!pace.is_quick) {
    *group.failover.started_at += draw_below(state, kStartDelayMax);
    return;
  }
  const Moment at = state.now + pace.vote_respect_min + draw_below(state, pace.start_delay_max);
  group.candidacy.not_before = std::max(group.candidacy.not_before.value_or(at), at);
}

// Whether the peer that said it leads is down itself, so that nobody needs to wait for it.
bool is_leader_lost(Monitored& group) {
  const Instance* leader = find_sentinel(group, nullptr, &group.candidacy.leader);
  return leader != nullptr && leader->is_subjectively_down;
}

}  // namespace

std::string vote(State& state, Monitored& group, uint64_t epoch, std::string_view candidate) {
  if (epoch > kEpochMax) return group.leader;
  if (epoch > state.current_epoch) {
    state.current_epoch = epoch;
    save_config(state);
    announce_text(state, LogLevel::kWarning, "+new-epoch", group.primary, std::to_string(epoch));
  }
  if (group.leader_epoch < epoch && state.current_epoch <= epoch) {
    group.leader = std::string(candidate);
    group.leader_epoch = epoch;
    save_config(state);
    announce_text(state, LogLevel::kWarning, "+vote-for-leader", group.primary,
                  group.leader + " " + std::to_string(epoch));
    if (!equals_ignore_case(group.leader, state.my_id)) respect_vote(state, group);
  }
  return group.leader;
}

std::optional<std::string> elected_leader(State& state, Monitored& group) {
  const uint64_t epoch = group.failover.epoch;
  std::map<std::string, int64_t> votes;
  for (const auto& sentinel : group.sentinels)
    if (!sentinel->peer.leader.empty() && sentinel->peer.leader_epoch == epoch)
      ++votes[sentinel->peer.leader];
  const Count before = leading(votes);
  const std::string mine =
      vote(state, group, epoch, before.votes > 0 ? before.leader : state.my_id);
  if (!mine.empty() && group.leader_epoch == epoch) ++votes[mine];
  const Count after = leading(votes);
  const auto majority = static_cast<int64_t>(group.voters() / 2 + 1);
  if (after.votes < majority || after.votes < group.options.quorum) return std::nullopt;
  return after.leader;
}

Reachable reachable_sentinels(const Monitored& group) {
  Reachable reachable{.usable = 1};
  for (const auto& sentinel : group.sentinels)
    if (!sentinel->is_subjectively_down) ++reachable.usable;
  reachable.has_quorum = reachable.usable >= group.options.quorum;
  reachable.has_majority = reachable.usable >= static_cast<int64_t>(group.voters() / 2 + 1);
  return reachable;
}

void leader_announced(State& state, Monitored& group, std::string_view leader, uint64_t epoch) {
  if (epoch < group.candidacy.leader_epoch || epoch < group.config_epoch) return;
  group.candidacy.leader = std::string(leader);
  group.candidacy.leader_epoch = epoch;
  group.candidacy.not_before =
      state.now + group.options.failover_timeout * kTimeoutsBetweenAttempts;
}

bool may_stand(State& state, Monitored& group) {
  if (pace_of(state, group).is_quick) {
    const Candidacy& candidacy = group.candidacy;
    return !candidacy.not_before || *candidacy.not_before <= state.now ||
           (!candidacy.leader.empty() && is_leader_lost(group));
  }
  if (!group.failover.started_at) return true;
  const Moment until =
      *group.failover.started_at + group.options.failover_timeout * kTimeoutsBetweenAttempts;
  if (state.now >= until) return true;
  log_delay(state, group, until);
  return false;
}

}  // namespace kvstash::sentinel
