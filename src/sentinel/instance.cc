#include "sentinel/instance.h"

namespace kvstash::sentinel {

std::string_view failover_step_name(FailoverStep step) {
  switch (step) {
    case FailoverStep::kNone:
      return "none";
    case FailoverStep::kWaitStart:
      return "wait_start";
    case FailoverStep::kSelectReplica:
      return "select_slave";
    case FailoverStep::kSendReplicaOfNoOne:
      return "send_slaveof_noone";
    case FailoverStep::kWaitPromotion:
      return "wait_promotion";
    case FailoverStep::kReconfReplicas:
      return "reconf_slaves";
    case FailoverStep::kUpdateConfig:
      return "update_config";
  }
  return "unknown";
}

const Address& current_primary(const Monitored& group) {
  const Failover& failover = group.failover;
  if (failover.promoted != nullptr && failover.step >= FailoverStep::kReconfReplicas)
    return failover.promoted->address;
  return group.primary.address;
}

bool was_up_for(const Instance& instance, Duration time, Moment now) {
  return !instance.last_down_at || now - *instance.last_down_at > time;
}

std::string flags_text(const Instance& instance) {
  const bool is_primary = instance.is_primary();
  const Failover& failover = instance.group->failover;
  const struct {
    bool is_set;
    std::string_view name;
  } flags[] = {
      {instance.is_subjectively_down, "s_down"},
      {instance.is_objectively_down, "o_down"},
      {true, role_name(instance.role)},
      {instance.link->is_disconnected, "disconnected"},
      {instance.peer.is_primary_down, "master_down"},
      {is_primary && failover.is_under_way(), "failover_in_progress"},
      {instance.is_promoted, "promoted"},
      {instance.reconf == Reconf::kSent, "reconf_sent"},
      {instance.reconf == Reconf::kInProgress, "reconf_inprog"},
      {instance.reconf == Reconf::kDone, "reconf_done"},
      {is_primary && failover.is_forced, "force_failover"},
      {instance.is_script_kill_sent, "script_kill_sent"},
  };
  std::string text;
  for (const auto& flag : flags) {
    if (!flag.is_set) continue;
    if (!text.empty()) text += ',';
    text += flag.name;
  }
  return text;
}

std::string_view role_name(InstanceRole role) {
  switch (role) {
    case InstanceRole::kPrimary:
      return "master";
    case InstanceRole::kReplica:
      return "slave";
    case InstanceRole::kSentinel:
      return "sentinel";
  }
  return "unknown";
}

}  // namespace kvstash::sentinel
