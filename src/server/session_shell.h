// SessionShell: moves the bytes of one client between its socket and its Session. Decides nothing
// about commands.
//
// Lives on its shard's loop, owned by the ShardShell. Idle it holds no buffers.
#pragma once

#include "engine/session.h"
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
  size_t unsent_bytes() const { return session_->replies.out().size() - sent_; }
  bool has_unsent() const { return unsent_bytes() != 0; }

  // Once a second: time-outs and limits. False: to be closed, the reason is logged.
  bool check_limits(int64_t now_ms);

 private:
  static void on_ready(void* context, net::Readiness ready);
  bool read();
  void update_interest();
  void drop_sent();
  void trim_output();
  bool is_over_output_limit(int64_t now_ms);

  ShardShell* owner_;
  net::Transport transport_;
  engine::Session* session_;
  size_t sent_ = 0;              // Of session_->replies.out().
  bool is_socket_full_ = false;  // The last write stopped short: the rest waits for room.
  int64_t progress_at_ms_ = 0;   // When bytes last left.
  int64_t over_soft_since_ms_ = 0;
  net::Poll poll_;  // Last: gone before the descriptor it watches.
};

}  // namespace kvstash::server
