// Actions: what a sentinel wants done. The shell carries them out in the order given, without
// decisions of its own.
#pragma once

#include "base/log.h"
#include "sentinel/event.h"
#include "sentinel/time.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kvstash::sentinel {

// Open a connection. LinkOpened or LinkClosed will tell. Commands may be sent before it is open:
// the shell keeps them until then.
struct Connect {
  LinkId link{};
  std::string ip;
  int64_t port = 0;
  bool use_tls = false;

  bool operator==(const Connect&) const = default;
};

// Close a connection and forget it: no further event names it.
struct Disconnect {
  LinkId link{};

  bool operator==(const Disconnect&) const = default;
};

// Send a command. Each reply comes back as ReplyReceived, in the order of the commands.
struct Send {
  LinkId link{};
  std::vector<std::string> argv;

  bool operator==(const Send&) const = default;
};

// Publish an event to the clients that are subscribed to `channel` ("+sdown"), and log it as
// "<channel> <payload>".
struct PublishEvent {
  std::string channel;
  std::string payload;
  LogLevel level = LogLevel::kNotice;

  bool operator==(const PublishEvent&) const = default;
};

struct WriteLog {
  std::string text;
  LogLevel level = LogLevel::kNotice;

  bool operator==(const WriteLog&) const = default;
};

// Start a process: the program argv[0] with its arguments. ScriptStarted tells; if it began,
// ScriptEnded comes once it is over.
struct RunScript {
  ScriptId script{};
  std::vector<std::string> argv;

  bool operator==(const RunScript&) const = default;
};

// Kill a process that runs too long (SIGKILL).
struct KillScript {
  ScriptId script{};

  bool operator==(const KillScript&) const = default;
};

// Replace the configuration file by this text, atomically and synced. It is the first action of its
// step and must be over, well or not, before the others are carried out: a vote must be on the disk
// before anyone hears of it. ConfigSaved tells how it went.
struct SaveConfig {
  std::string text;

  bool operator==(const SaveConfig&) const = default;
};

// Find the IP address of a host.
struct Resolve {
  std::string name;

  bool operator==(const Resolve&) const = default;
};

// Send TimerFired after so long. There is one timer: this replaces what was asked before.
struct SetTimer {
  Duration after{};

  bool operator==(const SetTimer&) const = default;
};

// End the process with this code, at once (SENTINEL SIMULATE-FAILURE).
struct ExitProcess {
  int code = 0;

  bool operator==(const ExitProcess&) const = default;
};

// From now on log what is at least of this level (SENTINEL CONFIG SET loglevel).
struct SetLogLevel {
  std::string level;  // debug, verbose, notice, warning, nothing

  bool operator==(const SetLogLevel&) const = default;
};

using Action = std::variant<Connect, Disconnect, Send, PublishEvent, WriteLog, RunScript,
                            KillScript, SaveConfig, Resolve, SetTimer, ExitProcess, SetLogLevel>;
using Actions = std::vector<Action>;

}  // namespace kvstash::sentinel
