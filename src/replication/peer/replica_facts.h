// ReplicaFacts: what a replica has said about itself by REPLCONF, and take_replconf(), which reads
// that command.
//
// Pure; plain values.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::replication {

// Which parts of the data a replica wants in its snapshot.
enum class SnapshotFilter : uint8_t {
  kAll,
  kFunctions,  // Functions, and no keys: redis-cli --functions-rdb.
  kNothing,    // Not even functions.
};

struct ReplicaFacts {
  uint16_t listening_port = 0;       // 0: the replica did not say it.
  std::string announced_ip{};        // Empty: the address of its connection.
  std::string version{};             // Empty: a Redis, or an old server, which say none.
  bool knows_eof = false;            // It can take a snapshot whose size is not known before.
  bool knows_psync2 = false;         // It can take a new name for the history.
  bool wants_snapshot_only = false;  // It is a tool that takes a snapshot and leaves.
  SnapshotFilter filter = SnapshotFilter::kAll;
  // Up to where it has applied the stream, and up to where its log is on its disk.
  uint64_t acked = 0;
  std::optional<uint64_t> durable{};
  int64_t acked_ms = 0;  // When it last said so, by the monotonic clock; 0: never.
};

// What a REPLCONF asks of the node.
enum class ReplconfReply : uint8_t {
  kOk,
  kNone,    // An acknowledgement gets no reply.
  kAckNow,  // Sent by a primary: the replica is to acknowledge. It gets no reply.
};

// `argv`: the command with its name. Options before one that is wrong are taken. The Error is the
// reply. An acknowledgement counts only from a connection that `is_replica`, and never falls.
Result<ReplconfReply> take_replconf(std::span<const std::string_view> argv, bool is_replica,
                                    int64_t now_ms, ReplicaFacts& facts);

}  // namespace kvstash::replication
