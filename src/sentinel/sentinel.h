// Sentinel: the brain of `kvstash --sentinel`. It watches primaries, their replicas and the other
// sentinels, agrees with those on who is down, and puts a replica in the place of a primary that
// is.
//
// It is pure: no socket, file, clock, thread or random device. The same state, event and time give
// the same actions; randomness comes from a generator whose seed is given once.
//
// The shell that drives it:
//
//   make(setup)                    reads the configuration file's text; an error ends the process
//   start(now, wall)               once; carry out the actions
//   step(event, now)               for each event (event.h); carry out the actions (action.h)
//   command(argv, reply, now)      SENTINEL ...: the reply is written; carry out the actions, then
//                                  send the reply
//   publish(argv, reply, now)      PUBLISH, by which peers say hello
//   write_role, info_lines         ROLE and INFO sentinel
//
// `now` never goes back. The actions of a call are carried out in order and before the next call:
// SaveConfig, which comes first, is on the disk before any command or reply leaves. Events that an
// action causes are given to step() afterwards, not while the action is carried out.
//
// What the shell must provide: one connection for each Connect, on which commands go out in order
// (kept until it is open) and each reply comes back as an event; a process for each RunScript; one
// timer. Everything else, who is connected when, what is asked, retried and given up, is decided
// here. An operator's clients, AUTH, SUBSCRIBE and PING belong to the engine's sessions.
//
// Not thread-safe: lives on one thread.
//
// The door for leases: a later primary's right to take writes will be lent by its sentinels in
// messages of their own. They will be commands on the links that exist here (RequestKind), and what
// may be promoted when will be one more condition of FailoverStep::kSendReplicaOfNoOne.
#pragma once

#include "base/result.h"
#include "resp/reply_writer.h"
#include "sentinel/action.h"
#include "sentinel/state.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

struct SentinelSetup {
  std::string config_text;  // Of the configuration file, as it is.
  ProcessOptions process{};
  uint64_t seed = 0;  // For delays, and for our id at the first start.
  CanExecute can_execute = [](const std::string&) { return true; };
};

// What a client's command led to.
struct CommandOutcome {
  Actions actions;
  // The reply promises that the configuration was saved. If SaveConfig fails, the shell sends
  // kSaveFailedError in its place.
  bool is_promise_to_save = false;
};

inline constexpr std::string_view kSaveFailedError =
    "ERR Failed to save config file. Check server logs.";

class Sentinel {
  // Only make() has one.
  struct Passkey {};

 public:
  Sentinel(Passkey, SentinelSetup setup);

  // The error is a text for the operator: the line, and what is wrong with it.
  static Result<std::unique_ptr<Sentinel>> make(SentinelSetup setup);

  Actions start(Moment now, Instant wall);
  Actions step(const Event& event, Moment now);

  // `argv[0]` is SENTINEL, whatever its case.
  CommandOutcome command(std::span<const std::string_view> argv, resp::ReplyWriter& reply,
                         Moment now);
  // `argv`: PUBLISH channel message.
  CommandOutcome publish(std::span<const std::string_view> argv, resp::ReplyWriter& reply,
                         Moment now);

  void write_role(resp::ReplyWriter& reply) const;
  // The lines of the section Sentinel of INFO, each ended by CR LF.
  std::string info_lines(Moment now) const;

  // For tests and metrics.
  const State& state() const { return *state_; }

 private:
  void apply(const ConfigState& config);
  void begin(Moment now);
  Actions end();

  void on(const TimerFired& event);
  void on(const LinkOpened& event);
  void on(const LinkClosed& event);
  void on(const ReplyReceived& event);
  void on(const NameResolved& event);
  void on(const ScriptStarted& event);
  void on(const ScriptEnded& event);
  void on(const ConfigSaved& event);

  void on_message(const resp::Reply& reply);
  void on_answer(Link& link, const resp::Reply& reply);

  std::unique_ptr<State> state_;
};

}  // namespace kvstash::sentinel
