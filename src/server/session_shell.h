// SessionShell: moves the bytes of one client between its socket and its Session. It decides
// nothing about commands.
//
// Lives on its shard's loop, owned by the ShardShell. While idle it holds no buffers.
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

// Logs that the server closes a client, and the reason.
void log_closed(const engine::Session& session, std::string_view why);

class SessionShell {
 public:
  SessionShell(ShardShell& owner, net::Loop& loop, net::Transport transport);
  SessionShell(const SessionShell&) = delete;
  SessionShell& operator=(const SessionShell&) = delete;

  bool ok() const { return poll_.ok(); }
  engine::Session& session() { return *session_; }
  net::Transport& transport() { return transport_; }

  // Sends as much as the socket takes, and updates which events are watched. False: the connection
  // is over, and the caller destroys this object.
  bool flush();
  // Reads what the TLS layer holds, as if the socket had become readable. May destroy this object.
  void read_buffered();
  // ---- While the shard is busy with a script. These functions read and send, but never destroy
  // the session.
  // The events to look for; none while a command of this session waits for its reply.
  net::Readiness interest_while_busy() const;
  void serve_while_busy(net::Readiness ready);
  void send_while_busy();

  // Bytes of replies that have not been sent, including output that waits for the journal.
  size_t unsent_bytes() const { return session_->replies.out().size() - session_->sent; }
  bool has_unsent() const { return unsent_bytes() != 0; }

  // Checks time-outs and limits, once a second. False: the connection must be closed; the reason is
  // logged.
  bool check_limits(int64_t now_ms);

  // For how long the client has taken no bytes of its replies, if it is held back for them; else 0.
  int64_t stalled_ms(int64_t now_ms) const;

 private:
  static void on_ready(void* context, net::Readiness ready);
  bool read();
  bool send();
  bool write_out();
  bool feed(size_t& fed);
  void update_interest();
  void drop_sent();
  void trim_output();
  // These apply client-output-buffer-limit: the limit for this kind of client, whether its soft
  // limit has been passed for too long or its hard limit at all, and whether its hard limit is
  // passed. A limit that is passed is logged and counted.
  const engine::OutputBufferLimit& output_limit() const;
  bool is_over_output_limit(int64_t now_ms);
  bool is_over_hard_limit();

  ShardShell* owner_;
  net::Transport transport_;
  engine::Session* session_;
  bool is_socket_full_ = false;  // The last write was partial; the rest waits for room.
  bool has_ended_ = false;       // The connection ended while the shard was busy.
  int64_t progress_at_ms_ = 0;   // When bytes were last sent.
  int64_t over_soft_since_ms_ = 0;
  net::Poll poll_;  // Last, so that it is destroyed before the descriptor it watches.
};

}  // namespace kvstash::server
