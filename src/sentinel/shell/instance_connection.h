// InstanceConnection: one connection of a sentinel to an instance that it watches. Commands go out
// in order, those sent before it is open as soon as it is; whole replies come back.
//
// Nothing that the other side sends can break it or make it grow: a text that is no reply, or one
// of more than kReplyBytesMax, ends the connection. Lives on its loop's thread.
#pragma once

#include "base/result.h"
#include "net/dialing.h"
#include "net/loop.h"
#include "net/poll.h"
#include "net/tls.h"
#include "net/transport.h"
#include "resp/reply_parser.h"
#include "sentinel/event.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kvstash::sentinel {

// INFO of a primary with ten thousand replicas takes a twentieth of this.
inline constexpr size_t kReplyBytesMax = size_t{16} << 20;
// What may wait to be sent. The brain stops asking long before.
inline constexpr size_t kUnsentBytesMax = size_t{4} << 20;

class InstanceConnection {
  // Only open() has one.
  struct Passkey {};

 public:
  // Is told, in order, that the connection was opened, what was replied, and that it is over, after
  // which nothing more comes. It may destroy the connection. Outlives it.
  using Tell = std::function<void(std::vector<Event> events)>;

  // Begins to connect. `tls` null: in the clear. An error means that there is no connection, and
  // that nothing is told of it.
  static Result<std::unique_ptr<InstanceConnection>> open(net::Loop& loop, LinkId link,
                                                          const net::DialTarget& target,
                                                          const net::TlsContext* tls,
                                                          const Tell& tell);

  InstanceConnection(Passkey, net::Loop& loop, LinkId link, net::Transport transport,
                     const Tell& tell);
  InstanceConnection(const InstanceConnection&) = delete;
  InstanceConnection& operator=(const InstanceConnection&) = delete;

  // False: more would wait than may. The command is not sent, and the connection is of no use.
  bool send(std::span<const std::string> argv);

 private:
  static void on_ready(void* context, net::Readiness ready);

  // These append what happened to `news`. An error is the reason why the connection is over.
  Status progress(net::Readiness ready, std::vector<Event>& news);
  Status establish(net::Readiness ready, std::vector<Event>& news);
  Status read(std::vector<Event>& news);
  Status take_replies(std::vector<Event>& news);
  Status write();
  void update_interest();

  LinkId link_;
  const Tell* tell_;
  net::Transport transport_;
  net::Poll poll_;  // Destroyed before the descriptor that it watches.
  bool is_connected_ = false;
  bool is_open_ = false;  // Connected, and past the handshake of TLS.
  std::string unsent_;
  std::string unread_;
  resp::ReplyParser parser_;
};

}  // namespace kvstash::sentinel
