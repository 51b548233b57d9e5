// ShardPort: what a shard asks of the shell that runs its loop. Implemented by server::ShardShell.
#pragma once

namespace kvstash::engine {

class Session;

class ShardPort {
 public:
  virtual ~ShardPort() = default;

  // Wakes the shard's loop. Any thread; called only when the shard said that it sleeps.
  virtual void ring() = 0;

  // Sends what sessions have to send (Shard::take_ready). The shard's own thread, before it parks.
  virtual void flush_sessions() = 0;

  // A script runs for too long on this shard: accepts and reads what is there now, without waiting;
  // then writes what can be written. Closes no session: commands below may be in the middle of one.
  // The shard's own thread.
  virtual void read_while_busy() {}
  virtual void send_while_busy() {}

  // The session will have output and has no buffer: it may be given a spare one. The shard's own
  // thread, or one that holds the shard.
  virtual void lend_output(Session&) {}

  // The session is over and was forgotten by the shard: close its socket, free the shell's record.
  // The shard's own thread.
  virtual void close_session(Session& session) = 0;
};

}  // namespace kvstash::engine
