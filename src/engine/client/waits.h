// Waits: the connections of one shard that wait in blocking commands: how their waits begin and
// end. What happens to the keys is the executor's.
//
// On the shard's thread.
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

  // A command of `session` has come back and waits; the waiter may be served, or over, by now.
  void begin(Session& session, std::shared_ptr<Waiter> waiter);
  // On the waiter's home: it has its reply; or keys on several shards changed, and it shall run
  // again as a transaction.
  void finish(const std::shared_ptr<Waiter>& waiter);
  void retry(const std::shared_ptr<Waiter>& waiter);
  // That transaction is over, or could not be.
  void end_retry(const std::shared_ptr<Waiter>& waiter);
  // CLIENT UNBLOCK: ends a wait as if its time were over, or with an error. False: it does not
  // wait, or is being served.
  bool unblock(Session& session, bool with_error);
  // The connection of a session that waits is gone.
  void abandon(Session& session);
  // Answers those whose time is over.
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
