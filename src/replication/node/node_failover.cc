#include "replication/node/node_failover.h"

#include "base/log.h"
#include "engine/server_port.h"
#include "engine/shard.h"

#include <vector>

namespace kvstash::replication {
namespace {

using Kind = FailoverAction::Kind;

constexpr int64_t kNsPerMs = 1'000'000;

}  // namespace

std::vector<FailoverCandidate> NodeFailover::candidates() const {
  ReplicationFacts facts;
  node_.primary_end->tell(facts);
  std::vector<FailoverCandidate> found;
  for (const ReplicaLine& replica : facts.replicas) {
    found.push_back({.at = {.host = replica.ip, .port = replica.port},
                     .is_online = replica.state == ReplicaState::kOnline,
                     .acked = replica.offset});
  }
  return found;
}

Status NodeFailover::command(std::span<const std::string_view> argv) {
  const Result<FailoverRequest> request = parse_failover(argv);
  if (!request.ok()) return request.error();
  const int64_t now_ms = node_.set->clock().monotonic_ns() / kNsPerMs;
  const std::vector<FailoverCandidate> candidates = this->candidates();
  const Result<FailoverAction> action = [&] {
    const std::lock_guard guard(lock_);
    if (request->aborts) return failover_.abort();
    return failover_.start(*request, node_.set->role().is_replica(), candidates, now_ms);
  }();
  if (!action.ok()) return action.error();
  act_held(*action);
  return {};
}

void NodeFailover::tick() {
  if (state() != FailoverState::kWaitingForSync) return;
  const std::vector<FailoverCandidate> candidates = this->candidates();
  const uint64_t end = node_.primary_end->stream_end();
  const int64_t now_ms = node_.set->clock().monotonic_ns() / kNsPerMs;
  FailoverAction action;
  {
    const std::lock_guard guard(lock_);
    action = failover_.tick(candidates, end, now_ms);
  }
  // Replicas acknowledge each second by themselves; to ask them would make the stream longer.
  if (action.kind != Kind::kAskAcks) act(action);
}

void NodeFailover::answered(bool is_accepted) {
  FailoverAction action;
  {
    const std::lock_guard guard(lock_);
    action = is_accepted ? failover_.accepted() : failover_.refused();
  }
  act(action);
}

FailoverState NodeFailover::state() const {
  const std::lock_guard guard(lock_);
  return failover_.state();
}

void NodeFailover::act(const FailoverAction& action) {
  if (action.kind == Kind::kNone) return;
  node_.waits->hold_all([&](const engine::Hold&) { act_held(action); });
}

// Every shard is held.
void NodeFailover::act_held(const FailoverAction& action) {
  if (!action.log.empty()) log(LogLevel::kNotice, action.log);
  const auto hold_writes = [this](bool are_held) {
    node_.primary_end->hold_pings(are_held);
    for (size_t id = 0; id < node_.set->size(); ++id)
      node_.set->at(id).clients().hold_writes(are_held);
  };
  Status done;
  switch (action.kind) {
    case Kind::kPause:
      hold_writes(true);
      break;
    case Kind::kFollow:
      node_.replica_end->ask_next_to_take_over();
      done = node_.set->server().set_primary(action.target.host, action.target.port);
      break;
    case Kind::kResume:
      hold_writes(false);
      break;
    case Kind::kTurnBack:
      done = node_.set->server().set_primary("", 0);
      hold_writes(false);
      break;
    case Kind::kNone:
    case Kind::kAskAcks:
      break;
  }
  if (!done.ok()) log(LogLevel::kWarning, std::string(done.error().message()));
}

}  // namespace kvstash::replication
