// Events: what a sentinel is told. Each is something that happened outside of it.
//
// A *link* is one TCP connection to an instance that the sentinel asked for (Connect in action.h).
// Its number is never used again, so news of a link that was closed meanwhile is recognised and
// passed over.
#pragma once

#include "base/clock.h"
#include "resp/reply_parser.h"

#include <cstdint>
#include <string>
#include <variant>

namespace kvstash::sentinel {

enum class LinkId : uint64_t {};
enum class ScriptId : uint64_t {};

// The time that SetTimer asked for has passed. `wall` is the date, for messages only.
struct TimerFired {
  Instant wall{};
};

// A link is established. `local_ip` is this end's address, by which peers may reach us.
struct LinkOpened {
  LinkId link{};
  std::string local_ip;
};

// A link could not be established, or broke. `reason` is for the log: "Connection refused".
struct LinkClosed {
  LinkId link{};
  std::string reason;
};

// One whole reply arrived on a link: to the oldest command that it has not answered yet or, on a
// link for messages, perhaps a message of a channel.
struct ReplyReceived {
  LinkId link{};
  resp::Reply reply;
};

// The answer to Resolve. `ip` is empty if the name stands for nothing.
struct NameResolved {
  std::string name;
  std::string ip;
};

// RunScript began a process, or could not (then `pid` is 0).
struct ScriptStarted {
  ScriptId script{};
  int64_t pid = 0;
};

// A process that was started by RunScript ended: by itself with `exit_code`, or by a signal.
struct ScriptEnded {
  ScriptId script{};
  int exit_code = 0;
  int signal = 0;  // 0: it ended by itself.
};

// The outcome of SaveConfig. `error` is empty if the text is on the disk.
struct ConfigSaved {
  std::string error;
};

using Event = std::variant<TimerFired, LinkOpened, LinkClosed, ReplyReceived, NameResolved,
                           ScriptStarted, ScriptEnded, ConfigSaved>;

}  // namespace kvstash::sentinel
