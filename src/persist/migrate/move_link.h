// MoveLink: the connection to the server that keys are moved to. It logs in and selects the
// database before the first commands.
//
// Blocking: used by the thread that moves keys. Errors are replies for the client.
#pragma once

#include "base/result.h"
#include "net/dialed.h"
#include "persist/migrate/move_request.h"
#include "resp/reply_parser.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

class MoveLink {
 public:
  // Both outlive the link. `gives_up`: the thread is to end.
  MoveLink(const MoveRequest& request, const std::atomic<bool>& gives_up)
      : request_(&request), dialed_(gives_up) {}

  // Sends `count` commands, and calls visit(index, reply) for each reply. Fails if the connection
  // does, maybe after some replies. An error that the target replies to the login or to SELECT is
  // the reply to each of the commands.
  template <typename Visit>
  Status exchange(std::string_view commands, size_t count, const Visit& visit) {
    size_t greetings = 0;
    if (Status sent = send(commands, greetings); !sent.ok()) return sent;
    std::string refusal;
    for (size_t i = 0; i < greetings + count; ++i) {
      resp::Reply reply;
      if (Status read = receive(reply); !read.ok()) return read;
      if (i < greetings) {
        if (reply.is_error() && refusal.empty()) refusal = reply.text;
        continue;
      }
      if (!refusal.empty()) reply = {.type = resp::Reply::Type::kError, .text = refusal};
      visit(i - greetings, reply);
    }
    return {};
  }

 private:
  Status send(std::string_view commands, size_t& greetings);
  Status receive(resp::Reply& reply);

  const MoveRequest* request_;
  net::Dialed dialed_;
  resp::ReplyParser parser_;
  std::string unread_;
};

}  // namespace kvstash::persist
