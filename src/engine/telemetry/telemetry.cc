#include "engine/telemetry/telemetry.h"

#include "engine/client/session.h"
#include "engine/command/redaction.h"
#include "engine/shard_set.h"

#include <memory>
#include <string>
#include <utility>

namespace kvstash::engine {
namespace {

constexpr size_t kErrorCodesMax = 128;  // Codes that are counted separately; all others share one.
// An error without a code of up to so many bytes counts as ERR.
constexpr size_t kErrorCodeBytesMax = 32;

}  // namespace

Telemetry::Telemetry(ShardSet& set) : set_(&set), commands_(set.commands().size()) {}

CallEnd Telemetry::count_call(const Command& command, uint64_t ns, bool is_logged) {
  const EngineOptions& options = set_->options();
  CommandStats& stats = of(command);
  ++stats.calls;
  stats.ns += ns;
  ++stats_.commands;
  if (options.latency_tracking) {
    if (stats.latency == nullptr) stats.latency = std::make_unique<LatencyHistogram>();
    stats.latency->add(ns);
  }
  CallEnd end{.ns = ns};
  const int64_t threshold_us = options.slowlog_log_slower_than_us;
  if (threshold_us >= 0 && ns / 1000 >= static_cast<uint64_t>(threshold_us) && is_logged &&
      !command.has(kSkipSlowlog)) [[unlikely]]
    end.slowlog_id = set_->next_slowlog_id();
  return end;
}

void Telemetry::count_failure(const Command& command, std::string_view reply) {
  if (!reply.starts_with('-')) return;
  ++of(command).failed;
  count_error(reply.substr(1, reply.find('\r') - 1));
}

void Telemetry::count_error(std::string_view message) {
  ++stats_.error_replies;
  const size_t space = message.substr(0, kErrorCodeBytesMax).find(' ');
  std::string code(space == std::string_view::npos ? "ERR" : message.substr(0, space));
  if (stats_.errors.size() >= kErrorCodesMax && !stats_.errors.contains(code))
    code = "ERRORSTATS_OVERFLOW";
  ++stats_.errors[std::move(code)];
}

void Telemetry::note_end(const Session& session, const Command& command,
                         std::span<const std::string_view> argv, const CallEnd& end,
                         int64_t now_ms) {
  const EngineOptions& options = set_->options();
  const auto duration_us = static_cast<int64_t>(end.ns / 1000);
  if (end.slowlog_id != CallEnd::kNotSlow) [[unlikely]] {
    slowlog_.add({.id = end.slowlog_id,
                  .time_s = now_ms / 1000,
                  .duration_us = duration_us,
                  .argv = Slowlog::cut(redacted(command, argv)),
                  .address = session.info.address,
                  .client_name = session.info.name},
                 static_cast<size_t>(options.slowlog_max_len));
  }
  if (options.latency_monitor_threshold_ms != 0)
    latency_.add(command.has(kFast) ? "fast-command" : "command", now_ms / 1000, duration_us / 1000,
                 options.latency_monitor_threshold_ms);
}

void Telemetry::sample_rates(int64_t now_ms) {
  rates_.commands.sample(now_ms, stats_.commands);
  rates_.input_bytes.sample(now_ms, stats_.net_input_bytes);
  rates_.output_bytes.sample(now_ms, stats_.net_output_bytes);
  rates_.turns.sample(now_ms, stats_.turns);
  rates_.turn_ns.sample(now_ms, stats_.turn_time.sum_ns());
}

void Telemetry::reset() {
  // The count of changes is not a statistic: it says how much a save would have to write.
  const uint64_t dirty = stats_.dirty;
  stats_ = {};
  stats_.dirty = dirty;
  rates_ = {};
  for (CommandStats& stats : commands_)
    stats = {};
}

void Telemetry::take_up_options() {
  slowlog_.trim(static_cast<size_t>(set_->options().slowlog_max_len));
}

}  // namespace kvstash::engine
