#include "commands/client/client_line.h"

#include "engine/client/session.h"

#include <algorithm>
#include <concepts>
#include <string_view>

namespace kvstash::commands {
namespace {

using engine::Session;

constexpr size_t kNearReplyBytes = size_t{16} << 10;

class Fields {
 public:
  Fields& add(std::string_view name, std::string_view value) {
    if (!line_.empty()) line_ += ' ';
    line_.append(name).append("=").append(value);
    return *this;
  }
  Fields& add(std::string_view name, std::integral auto value) {
    return add(name, std::string_view(std::to_string(value)));
  }
  std::string finish() { return std::move(line_ += '\n'); }

 private:
  std::string line_;
};

// The flags as Redis's letters, in its order.
std::string flags_of(const Session& session) {
  std::string flags;
  if (session.is_replica()) flags += 'S';
  if (session.is_monitor) flags += 'O';
  if (session.is_subscriber()) flags += 'P';
  if (session.multi.is_active) flags += 'x';
  if ((session.stopped & (engine::kStopPause | engine::kStopWait)) != 0) flags += 'b';
  if (session.tracking != nullptr) flags += 't';
  if (session.tracking != nullptr && session.tracking->is_broken) flags += 'R';
  if (session.tracking != nullptr && session.tracking->is_bcast) flags += 'B';
  if ((session.stopped & engine::kStopClosing) != 0) flags += 'c';
  if (session.info.is_unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.caller.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

// The time since `then_ms`. It is 0 if `then_ms` is later than `now_ms`, the moment of the command.
int64_t seconds_since(int64_t then_ms, int64_t now_ms) {
  return std::max<int64_t>(now_ms - then_ms, 0) / 1000;
}

std::string_view events_of(const Session& session) {
  const bool writes = !session.replies.out().empty();
  if (session.is_input_off) return writes ? "w" : "";
  return writes ? "rw" : "r";
}

}  // namespace

std::string client_line(const Session& session, int64_t now_ms) {
  const engine::SessionInfo& info = session.info;
  const size_t unread = session.end - session.begin;
  // The free part of the session's own chunk. A chunk shared by all connections counts for none.
  const size_t chunk_bytes = session.chunk_bytes();
  const size_t room = chunk_bytes == 0 ? 0 : chunk_bytes - unread;
  // Redis counts output beyond a buffer of fixed size separately, and tools look at that number to
  // find clients that do not read.
  const size_t near_bytes = std::min(session.unsent_bytes(), kNearReplyBytes);
  const size_t far_bytes = session.unsent_bytes() - near_bytes;
  const std::string_view command =
      info.last_command == nullptr ? "NULL" : std::string_view(info.last_command->name);
  return Fields()
      .add("id", info.id)
      .add("addr", info.address)
      .add("laddr", info.local_address)
      .add("fd", info.fd)
      .add("name", info.name)
      .add("age", seconds_since(info.created_ms, now_ms))
      .add("idle", seconds_since(info.active_ms, now_ms))
      .add("flags", flags_of(session))
      .add("db", static_cast<uint32_t>(session.caller.db))
      .add("sub", session.subscription_count(engine::ChannelKind::kChannel))
      .add("psub", session.subscription_count(engine::ChannelKind::kPattern))
      .add("ssub", session.subscription_count(engine::ChannelKind::kShardChannel))
      .add("multi", session.multi.is_active ? static_cast<int64_t>(session.multi.queue.size()) : -1)
      .add("qbuf", unread)
      .add("qbuf-free", room)
      // The arguments stay in the query buffer; the parser's memory holds only their positions.
      .add("argv-mem", session.parser.memory_bytes())
      .add("multi-mem", session.multi.queue.bytes())
      .add("rbs", session.replies.out().capacity())
      .add("rbp", session.replies.out().capacity())
      .add("obl", near_bytes)
      .add("oll", (far_bytes + kNearReplyBytes - 1) / kNearReplyBytes)
      .add("omem", far_bytes)
      .add("tot-mem", session.total_bytes())
      .add("events", events_of(session))
      .add("cmd", command)
      .add("user", info.user)
      .add("redir",
           session.tracking == nullptr ? -1 : static_cast<int64_t>(session.tracking->redirect))
      .add("resp", session.caller.resp == resp::RespVersion::k3 ? 3 : 2)
      .add("lib-name", info.lib_name)
      .add("lib-ver", info.lib_version)
      .finish();
}

}  // namespace kvstash::commands
