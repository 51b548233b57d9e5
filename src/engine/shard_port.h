// ShardPort: what a shard asks of the shell that runs its loop. Implemented by server::ShardShell.
#pragma once

namespace kvstash::engine {

class Session;

class ShardPort {
 public:
  virtual ~ShardPort() = default;

  // Wakes the shard's loop. Any thread; called only after Traffic::claim_wake() found the shard
  // asleep.
  virtual void ring() = 0;

  // Writes the output of sessions that have some (Clients::take_ready). The shard's own thread,
  // before it parks and at the end of a turn.
  virtual void flush_sessions() = 0;

  // A script runs for too long on this shard. read_while_busy() accepts connections and reads what
  // is there now, without waiting; send_while_busy() writes what can be written. Neither closes a
  // session, because a command further down the stack may be using it. The shard's own thread.
  virtual void read_while_busy() {}
  virtual void send_while_busy() {}

  // Called when the session will have output and has no buffer: the shell may lend it a spare one.
  // The shard's own thread, or one that holds the shard.
  virtual void lend_output(Session&) {}

  // Closes the socket of a session that was killed and frees the shell's record of it. The shard's
  // own thread.
  virtual void close_session(Session& session) = 0;
};

}  // namespace kvstash::engine
