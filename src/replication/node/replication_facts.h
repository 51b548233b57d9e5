// ReplicationFacts: what INFO, ROLE and the metrics tell of replication. A plain value.
#pragma once

#include "replication/history.h"
#include "replication/peer/failover.h"
#include "replication/replica/primary_facts.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::replication {

// How far a replica is, in the order in which it gets there.
enum class ReplicaState : uint8_t {
  kGreets,    // It has said something of itself, and has not asked for anything yet.
  kWaits,     // Its snapshot has not begun to leave.
  kReceives,  // Its snapshot is being sent.
  kOnline,    // It follows the stream.
};

// As INFO and ROLE call it.
constexpr std::string_view name_of(ReplicaState state) {
  switch (state) {
    case ReplicaState::kGreets:
      return "handshake";
    case ReplicaState::kWaits:
      return "wait_bgsave";
    case ReplicaState::kReceives:
      return "send_bulk";
    case ReplicaState::kOnline:
      return "online";
  }
  return "";
}

// A replica of this node, as it is told to others.
struct ReplicaLine {
  std::string ip;
  uint16_t port = 0;  // At which it can be reached; 0: it did not say.
  ReplicaState state{};
  uint64_t offset = 0;  // It has acknowledged the stream up to here.
  int64_t lag_s = 0;    // Since it acknowledged last.
};

struct ReplicationFacts {
  History history{};
  uint64_t offset = 0;  // Where the stream ends.
  int64_t now_ms = 0;   // By the monotonic clock that times are of.

  FailoverState failover{};

  // ---- The primary of this node; nothing: it is one.
  std::optional<PrimaryFacts> primary{};

  // ---- The backlog: the part of the stream that is kept for replicas that come back.
  uint64_t backlog_size = 0;  // Bytes; the directive.
  bool has_backlog = false;
  uint64_t backlog_begin = 0;  // The offset of its first byte. It ends at `offset`.

  // ---- The replicas of this node.
  std::vector<ReplicaLine> replicas{};
  std::optional<int64_t> good_replicas{};  // Only if writes depend on them.
  uint64_t full_syncs = 0;
  uint64_t partial_syncs = 0;
  uint64_t refused_partial_syncs = 0;  // Full ones took their place.
};

}  // namespace kvstash::replication
