#include "sentinel/failover.h"

#include "base/ensure.h"
#include "base/text.h"
#include "sentinel/connections.h"
#include "sentinel/down_state.h"
#include "sentinel/election.h"
#include "sentinel/pace.h"
#include "sentinel/reconfiguration.h"
#include "sentinel/replica_choice.h"

#include <algorithm>
#include <optional>
#include <string>

namespace kvstash::sentinel {
namespace {

constexpr int kCrashCode = 99;  // As Redis ends for SENTINEL SIMULATE-FAILURE.
constexpr Duration kForcedVoteWait{300};
// A node that was told to be a primary and still says after so long that it is none is told again.
constexpr Duration kPromotionRepeat{1'000};

void enter(State& state, Monitored& group, FailoverStep step) {
  group.failover.step = step;
  group.failover.step_since = state.now;
}

bool is_late(const State& state, const Monitored& group) {
  return state.now - group.failover.step_since > group.options.failover_timeout;
}

void crash_if_asked(State& state, SimulatedFailure failure) {
  if ((state.simulated_failures & failure) == 0) return;
  write_log(state, LogLevel::kWarning, "Sentinel CRASH because of SENTINEL simulate-failure");
  state.actions.emplace_back(ExitProcess{.code = kCrashCode});
}

// Gives the attempt up. In the quick pace the next one may follow `pause` later, plus a random
// time.
void abort_failover(State& state, Monitored& group, std::string_view event, Duration pause) {
  Failover& failover = group.failover;
  ensure(failover.step <= FailoverStep::kWaitPromotion);
  announce(state, LogLevel::kWarning, event, group.primary);
  if (failover.promoted != nullptr) failover.promoted->is_promoted = false;
  failover.promoted = nullptr;
  failover.is_forced = false;
  enter(state, group, FailoverStep::kNone);
  const Pace pace = pace_of(state, group);
  if (!pace.is_quick) return;
  const Moment at = state.now + pause + weariness(++group.candidacy.failed) +
                    draw_below(state, pace.start_delay_max);
  group.candidacy.not_before = std::max(group.candidacy.not_before.value_or(at), at);
}

// Tells kvstash peers that the election is over, so that they do not stand against us.
void announce_leadership(State& state, Monitored& group) {
  const std::string epoch = std::to_string(group.failover.epoch);
  for (const auto& sentinel : group.sentinels)
    if (sentinel->link->program == Program::kKvstash)
      send_command(state, *sentinel, RequestKind::kNothing,
                   {"SENTINEL", "KVSTASH-LEADER", group.name, epoch, state.my_id});
}

// A forced failover needs no votes. It asks for them all the same, and waits a moment: two
// failovers in one epoch would leave two configurations of which nobody can say which is newer.
bool may_lead_alone(const State& state, const Failover& failover) {
  return failover.is_forced && state.now - failover.step_since > kForcedVoteWait;
}

void wait_start(State& state, Monitored& group) {
  const Failover& failover = group.failover;
  // Not from `started_at`, which a vote for another candidate moves.
  const bool is_late = state.now - failover.step_since > pace_of(state, group).election;
  // The primary is back before anything was done to it, or the votes are of another time.
  const bool is_outdated = !failover.is_forced && (is_late || !group.primary.is_objectively_down);
  std::optional<std::string> leader;
  if (!is_outdated) leader = elected_leader(state, group);
  if (is_outdated || (leader && !equals_ignore_case(*leader, state.my_id))) {
    abort_failover(state, group, "-failover-abort-not-elected", Duration(0));
    return;
  }
  if (!leader && !may_lead_alone(state, failover)) return;
  announce(state, LogLevel::kWarning, "+elected-leader", group.primary);
  crash_if_asked(state, kCrashAfterElection);
  announce_leadership(state, group);
  enter(state, group, FailoverStep::kSelectReplica);
  announce(state, LogLevel::kWarning, "+failover-state-select-slave", group.primary);
  for (const auto& replica : group.replicas)
    send_info(state, *replica);
}

// Offsets that are old would make us promote a replica that is behind another.
bool is_info_fresh(const State& state, const Monitored& group) {
  if (state.now - group.failover.step_since > kFreshInfoWait) return true;
  return std::ranges::none_of(group.replicas, [&](const auto& replica) {
    return !replica->is_subjectively_down && !replica->link->is_disconnected &&
           (!replica->reported.at || *replica->reported.at < group.failover.step_since);
  });
}

void select_replica(State& state, Monitored& group) {
  if (!is_info_fresh(state, group)) return;
  Instance* replica = choose_replica(state, group);
  if (replica == nullptr) {
    abort_failover(state, group, "-failover-abort-no-good-slave",
                   pace_of(state, group).no_replica_pause);
    return;
  }
  announce(state, LogLevel::kWarning, "+selected-slave", *replica);
  replica->is_promoted = true;
  group.failover.promoted = replica;
  enter(state, group, FailoverStep::kSendReplicaOfNoOne);
  announce(state, LogLevel::kNotice, "+failover-state-send-slaveof-noone", *replica);
}

void send_replica_of_no_one(State& state, Monitored& group) {
  Instance& promoted = *group.failover.promoted;
  if (promoted.link->is_disconnected || !send_replica_of(state, promoted, nullptr)) {
    if (is_late(state, group))
      abort_failover(state, group, "-failover-abort-slave-timeout", Duration(0));
    return;
  }
  announce(state, LogLevel::kNotice, "+failover-state-wait-promotion", promoted);
  enter(state, group, FailoverStep::kWaitPromotion);
}

void wait_promotion(State& state, Monitored& group) {
  const Instance& promoted = *group.failover.promoted;
  const bool is_lost = pace_of(state, group).is_quick && promoted.is_subjectively_down;
  if (is_late(state, group) || is_lost) {
    abort_failover(state, group, "-failover-abort-slave-timeout", Duration(0));
    return;
  }
  // The connection may have broken before the command arrived.
  const std::optional<Moment>& info_at = promoted.reported.at;
  if (info_at && *info_at - group.failover.step_since > kPromotionRepeat &&
      promoted.reported.role == DataRole::kReplica)
    enter(state, group, FailoverStep::kSendReplicaOfNoOne);
}

bool is_settled(const Instance& replica) {
  return replica.is_promoted || replica.reconf == Reconf::kDone;
}

void point_to_promoted(State& state, Instance& replica, std::string_view event) {
  if (!send_replica_of(state, replica, &replica.group->failover.promoted->address)) return;
  replica.reconf = Reconf::kSent;
  replica.reconf_sent_at = state.now;
  announce(state, LogLevel::kNotice, event, replica);
}

void detect_end(State& state, Monitored& group) {
  // A promoted replica that dies is taken as the primary at once: only so it can be replaced.
  const bool is_lost = group.failover.promoted->is_subjectively_down;
  const bool is_over_time = is_late(state, group);
  const bool all_settled = std::ranges::all_of(group.replicas, [](const auto& replica) {
    return is_settled(*replica) || replica->is_subjectively_down;
  });
  if (!is_over_time && !all_settled && !is_lost) return;
  if (is_over_time) announce(state, LogLevel::kWarning, "+failover-end-for-timeout", group.primary);
  announce(state, LogLevel::kWarning, "+failover-end", group.primary);
  enter(state, group, FailoverStep::kUpdateConfig);
  if (!is_over_time) return;
  for (const auto& replica : group.replicas)
    if (!is_settled(*replica) && replica->reconf != Reconf::kSent &&
        !replica->link->is_disconnected)
      point_to_promoted(state, *replica, "+slave-reconf-sent-be");
}

void reconf_replicas(State& state, Monitored& group) {
  const auto is_moving = [](const auto& replica) {
    return replica->reconf == Reconf::kSent || replica->reconf == Reconf::kInProgress;
  };
  int64_t moving = std::ranges::count_if(group.replicas, is_moving);
  for (const auto& replica : group.replicas) {
    if (is_settled(*replica)) continue;
    if (replica->reconf == Reconf::kSent &&
        state.now - replica->reconf_sent_at > state.periods.replica_reconf_timeout) {
      // If it is wrong, it will be found so and corrected later.
      announce(state, LogLevel::kNotice, "-slave-reconf-sent-timeout", *replica);
      replica->reconf = Reconf::kDone;
      --moving;
      continue;
    }
    if (moving >= group.options.parallel_syncs || is_moving(replica) ||
        replica->link->is_disconnected)
      continue;
    point_to_promoted(state, *replica, "+slave-reconf-sent");
    if (is_moving(replica)) ++moving;
  }
  detect_end(state, group);
}

void take_step(State& state, Monitored& group) {
  switch (group.failover.step) {
    case FailoverStep::kWaitStart:
      return wait_start(state, group);
    case FailoverStep::kSelectReplica:
      return select_replica(state, group);
    case FailoverStep::kSendReplicaOfNoOne:
      return send_replica_of_no_one(state, group);
    case FailoverStep::kWaitPromotion:
      return wait_promotion(state, group);
    case FailoverStep::kReconfReplicas:
      return reconf_replicas(state, group);
    case FailoverStep::kNone:
    case FailoverStep::kUpdateConfig:
      return;
  }
}

}  // namespace

bool start_failover_if_needed(State& state, Monitored& group) {
  if (!group.primary.is_objectively_down || group.failover.is_under_way()) return false;
  if (!may_stand(state, group)) return false;
  start_failover(state, group);
  return true;
}

void start_failover(State& state, Monitored& group) {
  Failover& failover = group.failover;
  ensure(!failover.is_under_way());
  failover.epoch = ++state.current_epoch;
  save_config(state);
  announce_text(state, LogLevel::kWarning, "+new-epoch", group.primary,
                std::to_string(state.current_epoch));
  announce(state, LogLevel::kWarning, "+try-failover", group.primary);
  enter(state, group, FailoverStep::kWaitStart);
  failover.started_at = state.now;
  if (!pace_of(state, group).is_quick) *failover.started_at += draw_below(state, kStartDelayMax);
  group.candidacy = {.failed = group.candidacy.failed, .attempts = group.candidacy.attempts + 1};
}

void advance_failover(State& state, Monitored& group) {
  // Each step leads to a later one, or ends the attempt.
  for (FailoverStep before = FailoverStep::kNone; group.failover.step != before;) {
    before = group.failover.step;
    take_step(state, group);
  }
}

void finish_failover(State& state, Monitored& group) {
  ensure(group.failover.step == FailoverStep::kUpdateConfig);
  const Address old = group.primary.address;
  const Address address = group.failover.promoted->address;
  announce_text(state, LogLevel::kWarning, "+switch-master", group.primary,
                group.name + " " + shown_host(state, old) + " " + std::to_string(old.port) + " " +
                    shown_host(state, address) + " " + std::to_string(address.port));
  switch_primary(state, group, address);
}

bool is_awaited_promotion(const Instance& replica) {
  const Failover& failover = replica.group->failover;
  return replica.is_promoted && failover.step == FailoverStep::kWaitPromotion;
}

void replica_was_promoted(State& state, Instance& replica) {
  Monitored& group = *replica.group;
  ensure(is_awaited_promotion(replica));
  ensure(group.config_epoch < group.failover.epoch);  // learn_config gives up what is outdated.
  group.config_epoch = group.failover.epoch;
  enter(state, group, FailoverStep::kReconfReplicas);
  save_config(state);
  announce(state, LogLevel::kWarning, "+promoted-slave", replica);
  crash_if_asked(state, kCrashAfterPromotion);
  announce(state, LogLevel::kWarning, "+failover-state-reconf-slaves", group.primary);
  run_reconfig_script(state, group, "leader", group.primary.address, replica.address);
  send_hello_to_all(state, group);
}

void follow_reconfiguration(State& state, Instance& replica) {
  const Failover& failover = replica.group->failover;
  if (failover.promoted == nullptr) return;
  const Address& promoted = failover.promoted->address;
  const Reported& reported = replica.reported;
  if (replica.reconf == Reconf::kSent && reported.primary_port == promoted.port &&
      state.names.means(reported.primary_host, promoted)) {
    replica.reconf = Reconf::kInProgress;
    announce(state, LogLevel::kNotice, "+slave-reconf-inprog", replica);
  }
  if (replica.reconf == Reconf::kInProgress && reported.is_link_up) {
    replica.reconf = Reconf::kDone;
    announce(state, LogLevel::kNotice, "+slave-reconf-done", replica);
  }
}

}  // namespace kvstash::sentinel
