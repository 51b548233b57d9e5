// Failover: how a primary gives its place to one of its replicas (FAILOVER): it stops taking
// writes, waits until the replica has everything, and becomes the replica of that one.
//
//   no-failover ── FAILOVER ──> waiting-for-sync ── caught up, or forced ──> failover-in-progress
//        ^                            │ timeout, ABORT                              │
//        └────────────────────────────┴──────────── accepted, refused, ABORT ───────┘
//
// As in Redis 6.2 and later. Same state, input and time: same actions.
//
// Pure; one thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::replication {

struct FailoverTarget {
  std::string host;
  uint16_t port = 0;

  bool operator==(const FailoverTarget&) const = default;
};

// The words of the command.
struct FailoverRequest {
  bool aborts = false;  // FAILOVER ABORT.
  bool is_forced = false;
  std::optional<FailoverTarget> to{};  // Nothing: the first replica that has everything.
  int64_t timeout_ms = 0;              // 0: none.
};

// `argv`: the command with its name. The Error is the reply.
Result<FailoverRequest> parse_failover(std::span<const std::string_view> argv);

// A replica as the primary knows it.
struct FailoverCandidate {
  FailoverTarget at;
  bool is_online = false;
  uint64_t acked = 0;  // It has applied the stream up to here.
};

enum class FailoverState : uint8_t { kNone, kWaitingForSync, kInProgress };
std::string_view failover_state_name(FailoverState state);  // As INFO says it.

// What is to be done. `log` is a sentence for the log; it may be empty.
struct FailoverAction {
  enum class Kind : uint8_t {
    kNone,
    kPause,     // Clients' writes wait from now on, until kResume.
    kAskAcks,   // The replicas are to acknowledge at once.
    kFollow,    // The node is to become a replica of `target`, and ask it to take over.
    kResume,    // It is over: writes go on; a node that follows meanwhile stays a replica.
    kTurnBack,  // It is over, and the node is a primary again; writes go on.
  };

  Kind kind = Kind::kNone;
  FailoverTarget target{};
  std::string log{};
};

class Failover {
 public:
  // `is_replica`: of this node. The Error is the reply, and nothing has changed.
  Result<FailoverAction> start(const FailoverRequest& request, bool is_replica,
                               std::span<const FailoverCandidate> candidates, int64_t now_ms);
  // FAILOVER ABORT. The Error is the reply.
  Result<FailoverAction> abort();

  // To be called several times a second. `end`: where the stream ends.
  FailoverAction tick(std::span<const FailoverCandidate> candidates, uint64_t end, int64_t now_ms);

  // What the target answered, once the node follows it.
  FailoverAction accepted();
  FailoverAction refused();

  FailoverState state() const { return state_; }

 private:
  FailoverAction follow(FailoverTarget target, std::string log);
  FailoverAction end(FailoverAction::Kind kind, std::string log);

  FailoverState state_ = FailoverState::kNone;
  FailoverRequest request_;
  int64_t end_ms_ = 0;  // When the timeout is over; 0: none.
};

}  // namespace kvstash::replication
