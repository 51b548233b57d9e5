// SentinelShell: what a Sentinel needs to act: it carries out its actions on a loop, and tells it
// what happened: connections, the timer, scripts, names. It decides nothing.
//
// Lives on the thread of its loop, on which the commands of clients run as well. Saving the
// configuration blocks that thread for as long as the disk takes, by intention: nothing may leave
// before it is saved.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "net/child_process.h"
#include "net/loop.h"
#include "net/name_lookup.h"
#include "net/timer.h"
#include "net/tls.h"
#include "resp/reply_writer.h"
#include "sentinel/sentinel.h"
#include "sentinel/shell/instance_connection.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

class SentinelShell {
 public:
  // What the process lends; all of it outlives the shell.
  struct Setup {
    net::Loop* loop = nullptr;
    const Clock* clock = nullptr;
    std::string source_address{};  // The local end of connections; empty: the system's choice.
    // Makes connections that use TLS.
    std::function<Result<std::shared_ptr<net::TlsContext>>()> tls{};
    // Replaces the configuration file by this text, and returns when that is on the disk.
    std::function<Status(std::string_view text)> save_config{};
    // Tells the clients that are subscribed to the channel.
    std::function<void(std::string_view channel, std::string_view payload)> publish{};
    std::function<void(std::string_view level)> set_log_level{};
    std::function<void(int code)> exit_process{};
  };

  SentinelShell(std::unique_ptr<Sentinel> brain, Setup setup);
  SentinelShell(const SentinelShell&) = delete;
  SentinelShell& operator=(const SentinelShell&) = delete;

  // Begins to watch. Once.
  void start();

  // SENTINEL and PUBLISH of a client. Each writes one reply; an error is the reply instead.
  Status command(std::span<const std::string_view> argv, resp::ReplyWriter& reply);
  Status publish(std::span<const std::string_view> argv, resp::ReplyWriter& reply);

  const Sentinel& brain() const { return *brain_; }
  Moment now() const;

 private:
  void step(const Event& event);
  Status answer(CommandOutcome outcome);
  // Carries out the actions of one call of the brain, and of what follows from them.
  void carry_out(const Actions& actions);

  void act(const Connect& action);
  void act(const Disconnect& action);
  void act(const Send& action);
  void act(const PublishEvent& action);
  void act(const WriteLog& action);
  void act(const RunScript& action);
  void act(const KillScript& action);
  void act(const SaveConfig& action);
  void act(const Resolve& action);
  void act(const SetTimer& action);
  void act(const ExitProcess& action);
  void act(const SetLogLevel& action);

  void hear(std::vector<Event> events);
  void lose(LinkId link, std::string_view reason);

  std::unique_ptr<Sentinel> brain_;
  Setup setup_;
  InstanceConnection::Tell tell_;
  net::Timer timer_;
  net::NameLookup names_;
  std::map<LinkId, std::unique_ptr<InstanceConnection>> connections_;
  std::map<ScriptId, std::unique_ptr<net::ChildProcess>> scripts_;
  std::deque<Event> caused_;    // What actions led to at once; the brain is told after them.
  bool was_save_lost_ = false;  // The last SaveConfig failed.
};

}  // namespace kvstash::sentinel
