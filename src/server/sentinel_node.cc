#include "server/sentinel_node.h"

#include "base/log.h"
#include "engine/shard.h"
#include "sentinel/election.h"
#include "sentinel/report.h"
#include "server/acl_file.h"
#include "server/config_rewrite.h"
#include "server/sentinel_file.h"
#include "server/server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace kvstash::server {
namespace {

using sentinel::Instance;
using sentinel::Monitored;
using sentinel::State;

sentinel::ProcessOptions process_options(const ServerOptions& options) {
  return {.port = options.net.port,
          .tls_port = options.net.tls.port,
          .use_tls = options.net.tls.replication,
          .require_pass = options.engine.requirepass,
          .log_level = std::string(log_level_name(options.process.loglevel))};
}

uint64_t count_well(const std::vector<std::unique_ptr<Instance>>& instances) {
  return static_cast<uint64_t>(std::ranges::count_if(instances, [](const auto& instance) {
    return !instance->is_subjectively_down && !instance->link->is_disconnected;
  }));
}

admin::WatchedPrimary counters_of(const State& state, const Monitored& group) {
  const sentinel::Reachable reachable = sentinel::reachable_sentinels(group);
  const sentinel::Address& address = group.primary.address;
  return {.name = group.name,
          .address = sentinel::host_and_port(sentinel::shown_host(state, address), address.port),
          .status = std::string(sentinel::status_text(group.primary)),
          .replicas = group.replicas.size(),
          .replicas_ok = count_well(group.replicas),
          .sentinels = group.voters(),
          .sentinels_ok = count_well(group.sentinels) + 1,
          .can_fail_over = reachable.has_quorum && reachable.has_majority,
          .quorum = group.options.quorum,
          .down_after_ms = group.options.down_after.count(),
          .failover_timeout_ms = group.options.failover_timeout.count(),
          .parallel_syncs = group.options.parallel_syncs};
}

}  // namespace

Result<std::unique_ptr<SentinelNode>> SentinelNode::make(Server& server, net::Loop& loop) {
  Result<std::string> text = read_sentinel_file(server.options().config_file);
  if (!text.ok()) return text.error();
  Result<std::unique_ptr<sentinel::Sentinel>> brain =
      sentinel::Sentinel::make({.config_text = *std::move(text),
                                .process = process_options(server.options()),
                                .seed = server.shards().ports().entropy->draw(),
                                .can_execute = can_execute});
  if (!brain.ok()) return brain.error();
  return std::make_unique<SentinelNode>(Passkey{}, server, loop, *std::move(brain));
}

SentinelNode::SentinelNode(Passkey, Server& server, net::Loop& loop,
                           std::unique_ptr<sentinel::Sentinel> brain)
    : server_(&server), shell_(std::move(brain), setup(loop)) {}

sentinel::SentinelShell::Setup SentinelNode::setup(net::Loop& loop) {
  return {.loop = &loop,
          .clock = server_->shards().ports().clock,
          .source_address = server_->options().net.bind_source_addr,
          .tls = [this] { return tls(); },
          .save_config = [this](std::string_view text) { return save(text); },
          .publish =
              [this](std::string_view channel, std::string_view payload) {
                engine::Shard& shard = server_->shards().at(0);
                shard.wake_up();
                shard.pubsub().publish(engine::ChannelKind::kChannel, channel, payload,
                                       shard.pushes());
              },
          .set_log_level = [this](std::string_view level) { server_->change_log_level(level); },
          .exit_process = [](int code) { std::_Exit(code); }};
}

// As Redis, the file also gets what is not the sentinel's: directives of the command line, and the
// users.
Status SentinelNode::save(std::string_view text) const {
  ServerOptions options = server_->options();
  options.users.clear();
  if (options.engine.aclfile.empty()) options.users = user_lines(server_->shards().acl());
  return replace_config_file(options.config_file, rewrite_config(text, options));
}

// Certificates are read again once their options have changed.
Result<std::shared_ptr<net::TlsContext>> SentinelNode::tls() {
  const net::TlsOptions& options = server_->options().net.tls;
  if (tls_ != nullptr && tls_options_ == options) return tls_;
  Result<std::shared_ptr<net::TlsContext>> made = net::TlsContext::client(options);
  if (!made.ok()) return made.error();
  tls_ = *made;
  tls_options_ = options;
  return tls_;
}

admin::SentinelCounters SentinelNode::counters() const {
  const State& state = shell_.brain().state();
  admin::SentinelCounters counters{.is_tilted = state.is_tilted,
                                   .running_scripts = state.scripts.running(),
                                   .queued_scripts = state.scripts.jobs().size(),
                                   .simulated_failures = state.simulated_failures,
                                   .primaries = {}};
  for (const auto& group : state.groups)
    counters.primaries.push_back(counters_of(state, *group));
  return counters;
}

}  // namespace kvstash::server
