#include "engine/client/client_memory.h"

#include "engine/shard_set.h"

namespace kvstash::engine {

void ClientMemory::count(Session& session) {
  if (session.is_gone()) {
    forget(session);
    return;
  }
  const bool is_exempt = session.no_evict || session.is_replica();
  set(session, {.memory = is_exempt ? 0 : session.total_bytes(), .unsent = session.unsent_bytes()});
}

void ClientMemory::forget(Session& session) {
  set(session, {});
}

void ClientMemory::set(Session& session, Session::Counted now) {
  if (now == session.counted) return;
  memory_ += now.memory - session.counted.memory;
  unsent_ += now.unsent - session.counted.unsent;
  session.counted = now;
  set_->publish_clients(shard_, {.memory = memory_, .unsent = unsent_});
}

}  // namespace kvstash::engine
