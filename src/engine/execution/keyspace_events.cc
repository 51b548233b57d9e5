#include "engine/execution/keyspace_events.h"

#include "engine/shard.h"

namespace kvstash::engine {

void tell_event(const Hold& hold, const HeldKey& key, uint32_t event_class,
                std::string_view event) {
  const uint32_t asked = hold.options().notify_keyspace_events;
  if ((asked & event_class) == 0) return;
  ensure(hold.covers(key.shard.id()));
  PubSub& pubsub = hold.set().at(key.shard.id()).pubsub();
  const std::string place = "@" + std::to_string(static_cast<uint32_t>(key.db)) + "__:";
  if ((asked & notify::kKeyspace) != 0) {
    const std::string channel = ("__keyspace" + place).append(key.name);
    pubsub.publish(ChannelKind::kChannel, channel, event, hold.pushes());
  }
  if ((asked & notify::kKeyevent) != 0) {
    const std::string channel = ("__keyevent" + place).append(event);
    pubsub.publish(ChannelKind::kChannel, channel, key.name, hold.pushes());
  }
}

}  // namespace kvstash::engine
