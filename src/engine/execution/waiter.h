// Waiter: a client whose blocking command found nothing and waits for its keys.
//
// Made where the command ran, while the shards of its keys are held, and queued there on each of
// the keys it waits for, so that no change can come between looking and waiting. These queues and
// the client's home shard share it. The thread that moves the state away from kWaiting decides how
// the wait ends:
//
//   kWaiting ──> kRunning ──> kServed ──> kDone    a key may have something: the command runs again
//      │  ▲          │                             and has its reply, which may be sent once its
//      │  └──────────┘                             changes have joined the journal
//      ├──> kWoken ──> kRunning                    the same, when its keys live on several shards:
//      │                                           its home sends it as a transaction
//      └──> kDone                                  the timeout is over, the client was unblocked or
//                                                  is gone
//
// The state goes from kRunning back to kWaiting if the command found nothing again. All other
// fields are written before the waiter is shared, or by the thread that has it in kRunning or
// kServed; the reply is read after kDone.
#pragma once

#include "base/ensure.h"
#include "engine/execution/call.h"
#include "engine/telemetry/stats.h"
#include "resp/reply_buffer.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::engine {

enum class WaitState : uint8_t { kWaiting, kWoken, kRunning, kServed, kDone };

struct Waiter {
  // Unique over all shards, in the order of arrival: the lowest number is served first.
  uint64_t number = 0;
  size_t home = 0;
  const Command* command = nullptr;
  std::vector<std::string> argv;  // The command that runs again.
  Caller caller;                  // Has no session: the command runs on the thread that serves it.
  std::vector<std::string> keys;  // The keys that the client waits for.
  std::vector<size_t> shards;     // Shards of all keys of the command, each once.
  store::ValueType type{};
  bool wakes_without_key = false;
  // By the node's monotonic clock; none: no timeout.
  std::optional<int64_t> deadline_ns;
  TimeoutReply timeout_reply{};
  std::optional<AckWish> acks;  // What the client waits for in place of keys.

  std::atomic<WaitState> state{WaitState::kWaiting};
  resp::ReplyBuffer reply;
  uint64_t ns = 0;  // Time of the runs that found nothing.
  CallEnd end;      // Of the run that made the reply.
  Lsn lsn{};        // The LSN that the reply follows from.

  // The home shard's own field.
  bool is_retrying = false;  // A transaction that runs the command again is under way.

  // True: the command has its reply, or will not run again.
  bool is_over() const {
    const WaitState now = state.load(std::memory_order_acquire);
    return now == WaitState::kServed || now == WaitState::kDone;
  }
  // Moves the state from `from` to `to`; false if the state is another by now. Only kWaiting and
  // kWoken are left by this function.
  bool move(WaitState from, WaitState to) {
    ensure(from == WaitState::kWaiting || (from == WaitState::kWoken && to != WaitState::kWaiting));
    ensure(to != from);
    return state.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  // Called by the thread that has the waiter in kRunning: the command found nothing again
  // (kWaiting), or has its reply (kServed).
  void end_run(WaitState to) {
    ensure(to == WaitState::kWaiting || to == WaitState::kServed);
    ensure(state.load(std::memory_order_relaxed) == WaitState::kRunning);
    state.store(to, std::memory_order_release);
  }
  // Called by the thread that served the waiter, with the LSN that the reply follows from: the
  // reply may be sent.
  void finish(Lsn follows_from) {
    ensure(state.load(std::memory_order_relaxed) == WaitState::kServed);
    lsn = follows_from;
    state.store(WaitState::kDone, std::memory_order_release);
  }
};

}  // namespace kvstash::engine
