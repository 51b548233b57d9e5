// MONITOR. Declared in server.h. engine::Monitors::feed writes the lines that monitors see.
#include "commands/server/server.h"
#include "engine/client/session.h"
#include "engine/execution/call.h"
#include "engine/shard_set.h"

namespace kvstash::commands {

Status monitor(Call& call) {
  // Inside EXEC a client expects one reply for each command, and no pushes.
  if (call.caller().in_transaction)
    return Error::literal("ERR MONITOR isn't allowed for DENY BLOCKING client");
  engine::Session& session = call.session();
  if (session.is_monitor) return {};
  session.is_monitor = true;
  call.shards().monitor_count.fetch_add(1, std::memory_order_relaxed);
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
