// Link: the two connections to an instance, one for commands and one for messages, what was sent on
// them, and when the other side was last heard.
//
// A sentinel that watches several primaries with us has one Link that its instances share; `users`
// counts them. Sentinels have no connection for messages.
#pragma once

#include "sentinel/event.h"
#include "sentinel/time.h"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace kvstash::sentinel {

enum class InstanceId : uint64_t {};

// What the reply to a command is for.
enum class RequestKind : uint8_t {
  kNothing,     // Its effect shows elsewhere.
  kPing,        //
  kInfo,        // INFO of a data node.
  kHello,       // PUBLISH of a hello message.
  kAskDown,     // SENTINEL IS-MASTER-DOWN-BY-ADDR.
  kAskProgram,  // INFO of a peer: is it kvstash?
};

struct Request {
  InstanceId asker{};
  RequestKind kind = RequestKind::kNothing;
};

// What a peer is.
enum class Program : uint8_t { kUnknown, kRedis, kKvstash };

struct Link {
  std::optional<LinkId> commands{};
  std::optional<LinkId> messages{};
  bool is_disconnected =
      true;                 // As Redis means it: a connection is missing that is not even tried.
  Moment commands_since{};  // When the present connection was asked for.
  Moment messages_since{};
  Moment message_at{};  // The last message of a channel.
  std::optional<Moment> tried_at{};

  std::optional<Moment> ping_waits_since{};  // The oldest PING that was not answered well.
  std::optional<Moment> ping_sent_at{};
  Moment answered_well_at{};  // PONG, LOADING or MASTERDOWN.
  bool has_answered_well = false;
  Moment answered_at{};  // Any reply to PING.

  std::deque<Request> requests{};  // Sent on `commands` and not yet answered, oldest first.
  std::string local_ip{};
  uint32_t users = 1;
  Program program = Program::kUnknown;
};

// All links, and which connection belongs to which. A Link stays where it is until its last user
// lets it go.
class Links {
 public:
  Link& add(Moment now);
  void share(Link& link) { ++link.users; }
  // Takes one user away. True: it was the last, the link is gone (its connections must be closed
  // before).
  bool release(Link& link);

  LinkId open_commands(Link& link);
  LinkId open_messages(Link& link);
  void forget(LinkId id) { by_id_.erase(id); }
  // The link that a connection belongs to; null if it was closed.
  Link* find(LinkId id);

  size_t size() const { return links_.size(); }

 private:
  std::list<Link> links_;
  std::map<LinkId, Link*> by_id_;
  uint64_t last_id_ = 0;
};

}  // namespace kvstash::sentinel
