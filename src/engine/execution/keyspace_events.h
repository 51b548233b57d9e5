// Keyspace events: what happened to keys, published to the clients that subscribed to it
// (notify-keyspace-events).
//
// The shard of the key publishes; subscriptions to these channels are known on every shard.
#pragma once

#include "engine/data/key_changes.h"
#include "engine/execution/hold.h"

#include <cstdint>
#include <string_view>

namespace kvstash::engine {

// Publishes that `event` happened to the key, whose shard is covered. `event_class` is one of
// notify::k...; if the operator did not ask for its events, nothing is published.
void tell_event(const Hold& hold, const HeldKey& key, uint32_t event_class, std::string_view event);

}  // namespace kvstash::engine
