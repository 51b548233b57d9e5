#include "engine/client/monitors.h"

#include "base/text.h"
#include "engine/command/redaction.h"
#include "engine/shard.h"

#include <memory>
#include <string>
#include <utility>

namespace kvstash::engine {
namespace {

// The client's address as MONITOR shows it: that of a unix socket, "path:0", without the port.
std::string peer_of(const Session& session) {
  const std::string& address = session.info.address;
  if (!session.info.is_unix_socket) return address;
  return "unix:" + address.substr(0, address.rfind(':'));
}

}  // namespace

void Monitors::note(const Session& session, const Command& command,
                    std::span<const std::string_view> argv, DbIndex db) {
  if (shard_->set().monitor_count.load(std::memory_order_relaxed) != 0 &&
      !command.has(kSkipMonitor) && !command.has(kAdmin)) [[unlikely]]
    feed(session, command, argv, db);
}

void Monitors::feed(const Session& session, const Command& command,
                    std::span<const std::string_view> argv, DbIndex db) {
  const int64_t now_us = shard_->set().clock().wall_now_us();
  std::string line = "+" + std::to_string(now_us / 1'000'000) + ".";
  std::string micros = std::to_string(now_us % 1'000'000);
  line.append(6 - micros.size(), '0').append(micros);
  line += " [" + std::to_string(static_cast<uint32_t>(db)) + " " + peer_of(session) + "]";
  for (const std::string_view arg : redacted(command, argv))
    line += " " + quote(arg);
  line += "\r\n";
  const auto text = std::make_shared<const std::string>(std::move(line));
  for (size_t to = 0; to < shard_->set().size(); ++to)
    shard_->pushes().add(to, MonitorLine{text});
}

void Monitors::tell(std::string_view line) {
  for (const auto& [id, monitor] : shard_->clients().all()) {
    if (!monitor->is_monitor || (monitor->stopped & kStopClosing) != 0) continue;
    monitor->replies.follow(shard_->clients().received_lsn());
    monitor->replies.push(line);
    shard_->clients().note_ready(*monitor);
    if (monitor->unsent_bytes() <= shard_->clients().unasked_limit()) continue;
    monitor->close_after_replies("a monitor that does not read");
    shard_->clients().kill(*monitor);
  }
}

}  // namespace kvstash::engine
