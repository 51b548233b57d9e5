// Waiter: a client whose blocking command found nothing and waits for its keys.
//
// Made where the command ran, with the shards of its keys held, and queued there on each of the
// keys it waits for, so no change can slip through between looking and waiting. Shared by those
// queues and the client's home shard. Who takes the state away from kWaiting decides what becomes
// of it:
//
//   kWaiting ──> kRunning ──> kDone      a key may have something: the command runs again
//      │  ▲          │
//      │  └──────────┘                   it found nothing again
//      ├──> kWoken ──> kRunning          the same, when its keys live on several shards: its home
//      │                                 sends it as a transaction
//      └──> kDone                        its time is over, or its client gave up or is gone
//
// All other fields are written before it is shared, or by who has it in kRunning; the reply is read
// after kDone.
#pragma once

#include "engine/execution/call.h"
#include "engine/telemetry/stats.h"
#include "resp/reply_buffer.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::engine {

enum class WaitState : uint8_t { kWaiting, kWoken, kRunning, kDone };

struct Waiter {
  uint64_t number = 0;  // Over all shards, in the order of arrival: who came first is served first.
  size_t home = 0;
  const Command* command = nullptr;
  std::vector<std::string> argv;  // What runs again.
  Caller caller;                  // Without a session: it runs wherever its keys are.
  std::vector<std::string> keys;  // Those it waits for.
  std::vector<size_t> shards;     // Of all its keys, each once.
  store::ValueType type{};
  bool wakes_without_key = false;
  std::optional<int64_t> deadline_ns;  // By the node's monotonic clock; none: it waits for ever.
  TimeoutReply timeout_reply{};

  std::atomic<WaitState> state{WaitState::kWaiting};
  resp::ReplyBuffer reply;
  uint64_t ns = 0;  // Of the runs that found nothing.
  CallEnd end;      // Of the run that made the reply.

  // Home's.
  bool is_retrying = false;  // A transaction for it is under way.

  bool move(WaitState from, WaitState to) {
    return state.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
};

}  // namespace kvstash::engine
