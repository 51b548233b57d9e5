// Keyspace events: what happened to keys, published to who asked for it (notify-keyspace-events).
//
// The shard of the key publishes; subscriptions to these channels are known on every shard.
#pragma once

#include "engine/data/key_changes.h"
#include "engine/execution/hold.h"

#include <cstdint>
#include <string_view>

namespace kvstash::engine {

// What happened to the key, whose shard is covered. `event_class` is one of notify::k...; nothing
// happens unless its events are asked for.
void tell_event(const Hold& hold, const HeldKey& key, uint32_t event_class, std::string_view event);

}  // namespace kvstash::engine
