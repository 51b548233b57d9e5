// Waiter: a client whose blocking command found nothing and waits for its keys.
//
// Made where the command ran, with the shards of its keys held, and queued there on each of the
// keys it waits for, so no change can slip through between looking and waiting. Shared by those
// queues and the client's home shard. Who takes the state away from kWaiting decides what becomes
// of it:
//
//   kWaiting ──> kRunning ──> kServed ──> kDone    a key may have something: the command runs again
//      │  ▲          │                             and has its reply, which may be told once what
//      │  └──────────┘                             it changed has joined the journal
//      ├──> kWoken ──> kRunning                    the same, when its keys live on several shards:
//      │                                           its home sends it as a transaction
//      └──> kDone                                  its time is over, or its client gave up or is
//                                                  gone
//
// From kRunning it goes back to kWaiting if it found nothing again. All other fields are written
// before it is shared, or by who has it in kRunning or kServed; the reply is read after kDone.
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
  Lsn lsn{};        // What the reply follows from.

  // Home's.
  bool is_retrying = false;  // A transaction for it is under way.

  // It has its reply, or will never have one.
  bool is_over() const {
    const WaitState now = state.load(std::memory_order_acquire);
    return now == WaitState::kServed || now == WaitState::kDone;
  }
  // Takes the state away from `from`, if it is still that. Only kWaiting and kWoken are left so.
  bool move(WaitState from, WaitState to) {
    ensure(from == WaitState::kWaiting || (from == WaitState::kWoken && to != WaitState::kWaiting));
    ensure(to != from);
    return state.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  // Who had it in kRunning lets it go: it found nothing again (kWaiting), or has its reply
  // (kServed).
  void end_run(WaitState to) {
    ensure(to == WaitState::kWaiting || to == WaitState::kServed);
    ensure(state.load(std::memory_order_relaxed) == WaitState::kRunning);
    state.store(to, std::memory_order_release);
  }
  // Who served it says what the reply follows from: it may be told.
  void finish(Lsn follows_from) {
    ensure(state.load(std::memory_order_relaxed) == WaitState::kServed);
    lsn = follows_from;
    state.store(WaitState::kDone, std::memory_order_release);
  }
};

}  // namespace kvstash::engine
