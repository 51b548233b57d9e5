// SentinelNode: a sentinel within the server that serves its clients. It lends the sentinel's shell
// the loop of shard 0, its subscribers, the configuration file, certificates and the log.
//
// Lives on shard 0's thread, the only one that a sentinel has.
#pragma once

#include "admin/snapshot.h"
#include "base/result.h"
#include "sentinel/shell/sentinel_shell.h"

#include <memory>
#include <string>
#include <string_view>

namespace kvstash::server {

class Server;

class SentinelNode {
  // Only make() has one.
  struct Passkey {};

 public:
  // Reads the configuration file. `server` and `loop`, which is shard 0's, outlive the node. The
  // error is a sentence for the log.
  static Result<std::unique_ptr<SentinelNode>> make(Server& server, net::Loop& loop);

  SentinelNode(Passkey, Server& server, net::Loop& loop, std::unique_ptr<sentinel::Sentinel> brain);

  sentinel::SentinelShell& shell() { return shell_; }
  // The lines of the section Sentinel of INFO.
  std::string info_lines() const { return shell_.brain().info_lines(shell_.now()); }
  admin::SentinelCounters counters() const;

 private:
  sentinel::SentinelShell::Setup setup(net::Loop& loop);
  Status save(std::string_view text) const;
  Result<std::shared_ptr<net::TlsContext>> tls();

  Server* server_;
  std::shared_ptr<net::TlsContext> tls_;  // Made by tls_options_; null: not yet.
  net::TlsOptions tls_options_;
  sentinel::SentinelShell shell_;
};

}  // namespace kvstash::server
