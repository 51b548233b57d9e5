#include "sentinel/down_state.h"

#include "sentinel/connections.h"
#include "sentinel/pace.h"

#include <string>

namespace kvstash::sentinel {
namespace {

// What a peer said counts for so many periods of asking.
constexpr int64_t kAskPeriodsValid = 5;
constexpr int64_t kPublishPeriodsSilent = 3;
// A primary that says it is a replica is down after its usual time and so many INFO.
constexpr int64_t kInfoPeriodsOfWrongRole = 2;

void close_silent_links(State& state, Instance& instance) {
  Link& link = *instance.link;
  const Duration half = instance.down_after / 2;
  if (link.commands && state.now - link.commands_since > state.periods.link_reconnect_min &&
      link.ping_waits_since && state.now - *link.ping_waits_since > half &&
      state.now - link.answered_at > half)
    close_commands(state, link);
  if (link.messages && state.now - link.messages_since > state.periods.link_reconnect_min &&
      state.now - link.message_at > state.periods.publish * kPublishPeriodsSilent)
    close_messages(state, link);
}

Duration unanswered_for(const State& state, const Link& link) {
  if (link.ping_waits_since) return state.now - *link.ping_waits_since;
  if (link.is_disconnected) return state.now - link.answered_well_at;
  return Duration(0);
}

bool looks_down(const State& state, const Instance& instance) {
  if (unanswered_for(state, *instance.link) > instance.down_after) return true;
  if (!instance.is_primary()) return false;
  if (instance.reported.role == DataRole::kReplica &&
      state.now - instance.reported.role_since >
          instance.down_after + state.periods.info * kInfoPeriodsOfWrongRole)
    return true;
  return instance.rebooted_at &&
         state.now - *instance.rebooted_at > instance.group->options.reboot_down_after;
}

// The primary went down in our view: what the failover will need to know is asked for at once.
void hurry(State& state, Monitored& group) {
  if (!pace_of(state, group).is_quick) return;
  ask_peers(state, group, true);
  for (const auto& replica : group.replicas)
    send_info(state, *replica);
}

void start_candidacy(State& state, Monitored& group) {
  const Pace pace = pace_of(state, group);
  Candidacy& candidacy = group.candidacy;
  if (!pace.is_quick) return;
  const Moment at = state.now + draw_below(state, pace.start_delay_max);
  if (!candidacy.not_before || *candidacy.not_before < at) candidacy.not_before = at;
}

}  // namespace

void check_subjectively_down(State& state, Instance& instance) {
  close_silent_links(state, instance);
  const bool is_down = looks_down(state, instance);
  if (is_down) instance.last_down_at = state.now;
  if (is_down == instance.is_subjectively_down) return;
  instance.is_subjectively_down = is_down;
  if (!is_down) {
    announce(state, LogLevel::kWarning, "-sdown", instance);
    instance.is_script_kill_sent = false;
    return;
  }
  announce(state, LogLevel::kWarning, "+sdown", instance);
  instance.subjectively_down_since = state.now;
  if (instance.is_primary()) hurry(state, *instance.group);
}

void check_objectively_down(State& state, Monitored& group) {
  Instance& primary = group.primary;
  int64_t agree = primary.is_subjectively_down ? 1 : 0;
  for (const auto& sentinel : group.sentinels)
    if (primary.is_subjectively_down && sentinel->peer.is_primary_down) ++agree;
  const bool is_down = primary.is_subjectively_down && agree >= group.options.quorum;
  if (is_down == primary.is_objectively_down) return;
  primary.is_objectively_down = is_down;
  if (!is_down) {
    announce(state, LogLevel::kWarning, "-odown", primary);
    group.candidacy.failed = 0;
    group.candidacy.attempts = 0;
    return;
  }
  primary.objectively_down_since = state.now;
  announce(state, LogLevel::kWarning, "+odown", primary,
           "#quorum " + std::to_string(agree) + "/" + std::to_string(group.options.quorum));
  start_candidacy(state, group);
}

void ask_peers(State& state, Monitored& group, bool is_forced) {
  const Pace pace = pace_of(state, group);
  const Instance& primary = group.primary;
  for (const auto& sentinel : group.sentinels) {
    PeerSays& peer = sentinel->peer;
    if (state.now - peer.answered_at > state.periods.ask * kAskPeriodsValid) {
      peer.is_primary_down = false;
      peer.leader.clear();
    }
    const bool is_asking = primary.is_subjectively_down || group.failover.is_forced;
    if (!is_asking || sentinel->link->is_disconnected) continue;
    const bool is_due =
        state.now - peer.answered_at >= pace.ask &&
        (!pace.is_quick || !peer.asked_at || state.now - *peer.asked_at >= pace.ask);
    if (!is_forced && !is_due) continue;
    if (sentinel->link->requests.size() >= kPendingCommandsMax * sentinel->link->users) continue;
    // Our epoch is that of the attempt: votes for another one would not count.
    const bool is_candidate = group.failover.is_under_way();
    const uint64_t epoch = is_candidate ? group.failover.epoch : state.current_epoch;
    peer.asked_at = state.now;
    send_command(state, *sentinel, RequestKind::kAskDown,
                 {"SENTINEL", "is-master-down-by-addr", shown_host(state, primary.address),
                  std::to_string(primary.address.port), std::to_string(epoch),
                  is_candidate ? std::string_view(state.my_id) : std::string_view("*")});
  }
}

void peer_answered(State& state, Instance& sentinel, const resp::Reply& reply) {
  using Type = resp::Reply::Type;
  if (reply.type != Type::kArray || reply.items.size() != 3) return;
  const resp::Reply& is_down = reply.items[0];
  const resp::Reply& leader = reply.items[1];
  const resp::Reply& epoch = reply.items[2];
  if (is_down.type != Type::kInteger || leader.type != Type::kBulk ||
      epoch.type != Type::kInteger || epoch.integer < 0)
    return;
  PeerSays& peer = sentinel.peer;
  peer.answered_at = state.now;
  peer.is_primary_down = is_down.integer == 1;
  if (leader.text == "*") return;
  const auto voted_in = static_cast<uint64_t>(epoch.integer);
  if (peer.leader_epoch != voted_in)
    write_log(state, LogLevel::kWarning,
              sentinel.name + " voted for " + leader.text + " " + std::to_string(voted_in));
  peer.leader = leader.text;
  peer.leader_epoch = voted_in;
}

}  // namespace kvstash::sentinel
