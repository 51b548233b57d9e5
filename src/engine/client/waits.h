// Waits: the connections of one shard that wait in blocking commands, and how their waits begin and
// end. The executor deals with the keys that they wait for.
//
// Used on the shard's thread.
#pragma once

#include "engine/client/waiting_sessions.h"
#include "engine/execution/waiter.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class Session;
class Shard;
class ShardSet;

// The reply of WAITAOF: who has what was wished for.
void write_acks(resp::ReplyWriter& to, const Acks& acks, const AckWish& wish);

class Waits {
 public:
  explicit Waits(Shard& shard) : shard_(&shard) {}

  // Called when a command of `session` has come back and waits; by now its waiter may have been
  // served, or be over.
  void begin(Session& session, std::shared_ptr<Waiter> waiter);
  // Both run on the waiter's home. finish(): the waiter is done and has its reply. retry(): keys on
  // several shards changed, so its command shall run again as a transaction.
  void finish(const std::shared_ptr<Waiter>& waiter);
  void retry(const std::shared_ptr<Waiter>& waiter);
  // Has the waiter's home call retry(). Any thread.
  static void retry_at_home(ShardSet& set, const std::shared_ptr<Waiter>& waiter);
  // Called when that transaction is over, or was refused.
  void end_retry(const std::shared_ptr<Waiter>& waiter);
  // CLIENT UNBLOCK: ends a wait as if its timeout were over, or with an error. False: the session
  // does not wait, or is being served.
  bool unblock(Session& session, bool with_error);
  // The node has become a replica, or follows another primary: all waits end with an error, and the
  // connections are closed. Those that are being served at this moment go on.
  void end_all();
  // Called when the connection of a waiting session is gone.
  void abandon(Session& session);
  // Answers the sessions whose timeout is over.
  void end_due();
  const WaitingSessions& sessions() const { return waiting_; }

  // ---- Clients that wait until the journal is kept (acks.h).
  // True if some wait here, and no thread was told yet to have answer_acks() called; the caller
  // then has the shard call it. Called by any thread, after the acks have changed.
  bool claim_acks() {
    return awaits_acks_.load(std::memory_order_seq_cst) &&
           awaits_acks_.exchange(false, std::memory_order_seq_cst);
  }
  // Answers those whose wish is met, or cannot be met any more.
  void answer_acks();

 private:
  bool give_up(const std::shared_ptr<Waiter>& waiter);
  void leave(Session& session);
  void note_unserved(Session& session);
  void answer_timeout(Session& session);
  void answer_error(Session& session, std::string_view message);
  bool answer_ack(uint64_t session_id);

  Shard* shard_;
  WaitingSessions waiting_;
  std::vector<uint64_t> ack_waiters_;  // Ids of sessions, some of which may not wait any more.
  std::atomic<bool> awaits_acks_{false};
};

}  // namespace kvstash::engine
