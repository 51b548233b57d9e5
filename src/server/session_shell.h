// SessionShell: moves the bytes of one client between its socket and its Session. Decides nothing
// about commands.
//
// Lives on its shard's loop, owned by the ShardShell. Idle it holds no buffers.
#pragma once

#include "engine/client/session.h"
#include "net/poll.h"
#include "net/transport.h"

#include <cstdint>
#include <string_view>

namespace kvstash::net {
class Loop;
}

namespace kvstash::server {

class ShardShell;

// Logs that the server closes a client, and why.
void log_closed(const engine::Session& session, std::string_view why);

class SessionShell {
 public:
  SessionShell(ShardShell& owner, net::Loop& loop, net::Transport transport);
  SessionShell(const SessionShell&) = delete;
  SessionShell& operator=(const SessionShell&) = delete;

  bool ok() const { return poll_.ok(); }
  engine::Session& session() { return *session_; }
  net::Transport& transport() { return transport_; }

  // Sends what can be sent and watches for what is next. False: the connection is over; the caller
  // destroys this object.
  bool flush();
  // ---- While the shard is busy with a script: the same, but the connection stays, whatever comes.
  // What to look for; nothing, while a command of it is being answered.
  net::Readiness interest_while_busy() const;
  void serve_while_busy(net::Readiness ready);
  void send_while_busy();

  // Of what is to be sent to it, with what waits for the journal.
  size_t unsent_bytes() const { return session_->replies.out().size() - session_->sent; }
  bool has_unsent() const { return unsent_bytes() != 0; }

  // Once a second: time-outs and limits. False: to be closed, the reason is logged.
  bool check_limits(int64_t now_ms);

  // How long it has taken nothing of its replies, if it is held back for them; else 0.
  int64_t stalled_ms(int64_t now_ms) const;

 private:
  static void on_ready(void* context, net::Readiness ready);
  bool read();
  bool send();
  void update_interest();
  void drop_sent();
  void trim_output();
  // Of client-output-buffer-limit: the limit for this kind of client, and whether it is passed, the
  // soft one for too long or the hard one at all. Passed, it is logged and counted.
  const engine::OutputBufferLimit& output_limit() const;
  bool is_over_output_limit(int64_t now_ms);
  bool is_over_hard_limit();

  ShardShell* owner_;
  net::Transport transport_;
  engine::Session* session_;
  bool is_socket_full_ = false;  // The last write stopped short: the rest waits for room.
  bool has_ended_ = false;       // Found while the shard was busy: the loop will find it, too.
  int64_t progress_at_ms_ = 0;   // When bytes last left.
  int64_t over_soft_since_ms_ = 0;
  net::Poll poll_;  // Last: gone before the descriptor it watches.
};

}  // namespace kvstash::server
