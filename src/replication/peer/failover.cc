#include "replication/peer/failover.h"

#include "base/ensure.h"
#include "base/numbers.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace kvstash::replication {
namespace {

using Kind = FailoverAction::Kind;

const FailoverCandidate* find(std::span<const FailoverCandidate> candidates,
                              const FailoverTarget& at) {
  const auto found = std::ranges::find(candidates, at, &FailoverCandidate::at);
  return found == candidates.end() ? nullptr : &*found;
}

Result<uint16_t> parse_port(std::string_view text) {
  const std::optional<int64_t> port = parse_int64(text);
  if (!port) return Error::literal("ERR value is not an integer or out of range");
  // No replica has such a port, which start() says then.
  if (*port < 0 || *port > std::numeric_limits<uint16_t>::max()) return uint16_t{0};
  return static_cast<uint16_t>(*port);
}

}  // namespace

Result<FailoverRequest> parse_failover(std::span<const std::string_view> argv) {
  FailoverRequest request;
  bool has_timeout = false;
  for (size_t at = 1; at < argv.size(); ++at) {
    const auto is = [word = argv[at]](std::string_view name) {
      return equals_ignore_case(word, name);
    };
    if (is("abort") && at == 1 && argv.size() == 2) {
      request.aborts = true;
    } else if (is("force") && !request.is_forced) {
      request.is_forced = true;
    } else if (is("timeout") && at + 1 < argv.size() && !has_timeout) {
      const std::optional<int64_t> timeout_ms = parse_int64(argv[++at]);
      if (!timeout_ms) return Error::literal("ERR value is not an integer or out of range");
      if (*timeout_ms <= 0) return Error::literal("ERR FAILOVER timeout must be greater than 0");
      request.timeout_ms = *timeout_ms;
      has_timeout = true;
    } else if (is("to") && at + 2 < argv.size() && !request.to) {
      const Result<uint16_t> port = parse_port(argv[at + 2]);
      if (!port.ok()) return port.error();
      request.to = FailoverTarget{.host = std::string(argv[at + 1]), .port = *port};
      at += 2;
    } else {
      return Error::literal("ERR syntax error");
    }
  }
  return request;
}

std::string_view failover_state_name(FailoverState state) {
  switch (state) {
    case FailoverState::kNone:
      return "no-failover";
    case FailoverState::kWaitingForSync:
      return "waiting-for-sync";
    case FailoverState::kInProgress:
      return "failover-in-progress";
  }
  ensure(false);
  return "";
}

Result<FailoverAction> Failover::start(const FailoverRequest& request, bool is_replica,
                                       std::span<const FailoverCandidate> candidates,
                                       int64_t now_ms) {
  ensure(!request.aborts);
  if (state_ != FailoverState::kNone) return Error::literal("ERR FAILOVER already in progress.");
  if (is_replica) return Error::literal("ERR FAILOVER is not valid when server is a replica.");
  if (candidates.empty()) return Error::literal("ERR FAILOVER requires connected replicas.");
  if (request.is_forced && (request.timeout_ms == 0 || !request.to))
    return Error::literal(
        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
  if (request.to) {
    const FailoverCandidate* target = find(candidates, *request.to);
    if (target == nullptr)
      return Error::literal("ERR FAILOVER target HOST and PORT is not a replica.");
    if (!target->is_online) return Error::literal("ERR FAILOVER target replica is not online.");
  }
  state_ = FailoverState::kWaitingForSync;
  request_ = request;
  end_ms_ = request.timeout_ms == 0 ? 0 : now_ms + request.timeout_ms;
  return FailoverAction{.kind = Kind::kPause,
                        .log = request.to ? fmt::format("FAILOVER requested to {}:{}.",
                                                        request.to->host, request.to->port)
                                          : "FAILOVER requested."};
}

Result<FailoverAction> Failover::abort() {
  if (state_ == FailoverState::kNone) return Error::literal("ERR No failover in progress.");
  return end(state_ == FailoverState::kInProgress ? Kind::kTurnBack : Kind::kResume,
             "Aborting failover: Failover manually aborted");
}

FailoverAction Failover::tick(std::span<const FailoverCandidate> candidates, uint64_t end_offset,
                              int64_t now_ms) {
  if (state_ != FailoverState::kWaitingForSync) return {};
  const auto has_all = [end_offset](const FailoverCandidate& one) {
    return one.is_online && one.acked == end_offset;
  };
  const FailoverCandidate* target = nullptr;
  if (request_.to) {
    target = find(candidates, *request_.to);
    if (target != nullptr && !has_all(*target)) target = nullptr;
  } else if (const auto found = std::ranges::find_if(candidates, has_all);
             found != candidates.end()) {
    target = &*found;
  }
  if (target != nullptr)
    return follow(target->at,
                  fmt::format("Failover target is {}:{}", target->at.host, target->at.port));
  if (end_ms_ == 0 || now_ms < end_ms_) return {.kind = Kind::kAskAcks};
  if (!request_.is_forced)
    return end(Kind::kResume, "Aborting failover: Replica never caught up before timeout");
  return follow(*request_.to, fmt::format("Failover to {}:{} time out exceeded, failing over.",
                                          request_.to->host, request_.to->port));
}

FailoverAction Failover::accepted() {
  if (state_ != FailoverState::kInProgress) return {};
  return end(Kind::kResume, "");
}

FailoverAction Failover::refused() {
  if (state_ != FailoverState::kInProgress) return {};
  return end(Kind::kTurnBack, "Aborting failover: Failover target rejected psync request");
}

FailoverAction Failover::follow(FailoverTarget target, std::string log) {
  state_ = FailoverState::kInProgress;
  return {.kind = Kind::kFollow, .target = std::move(target), .log = std::move(log)};
}

FailoverAction Failover::end(Kind kind, std::string log) {
  state_ = FailoverState::kNone;
  return {.kind = kind, .log = std::move(log)};
}

}  // namespace kvstash::replication
