#include "engine/execution/keyspace_events.h"

#include "engine/shard.h"

namespace kvstash::engine {

void tell_event(Shard& shard, Shard& worker, DbIndex db, uint32_t event_class,
                std::string_view event, std::string_view key) {
  const uint32_t asked = shard.options().notify_keyspace_events;
  if ((asked & event_class) == 0) return;
  const std::string place = "@" + std::to_string(static_cast<uint32_t>(db)) + "__:";
  if ((asked & notify::kKeyspace) != 0) {
    const std::string channel = ("__keyspace" + place).append(key);
    shard.pubsub().publish(ChannelKind::kChannel, channel, event, worker);
  }
  if ((asked & notify::kKeyevent) != 0) {
    const std::string channel = ("__keyevent" + place).append(event);
    shard.pubsub().publish(ChannelKind::kChannel, channel, key, worker);
  }
}

}  // namespace kvstash::engine
