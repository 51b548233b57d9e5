// Waits: the connections of one shard that wait in blocking commands, and how their waits begin and
// end. The executor deals with the keys that they wait for.
//
// Used on the shard's thread.
#pragma once

#include "engine/client/waiting_sessions.h"
#include "engine/execution/waiter.h"

#include <memory>

namespace kvstash::engine {

class Session;
class Shard;

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
  // Called when that transaction is over, or was refused.
  void end_retry(const std::shared_ptr<Waiter>& waiter);
  // CLIENT UNBLOCK: ends a wait as if its timeout were over, or with an error. False: the session
  // does not wait, or is being served.
  bool unblock(Session& session, bool with_error);
  // Called when the connection of a waiting session is gone.
  void abandon(Session& session);
  // Answers the sessions whose timeout is over.
  void end_due();
  const WaitingSessions& sessions() const { return waiting_; }

 private:
  bool give_up(const std::shared_ptr<Waiter>& waiter);
  void leave(Session& session);
  void note_unserved(Session& session);
  void answer_timeout(Session& session);

  Shard* shard_;
  WaitingSessions waiting_;
};

}  // namespace kvstash::engine
