// Keyspace events: what happened to keys, published to who asked for it (notify-keyspace-events).
//
// The shard of the key publishes; subscriptions to these channels are known on every shard.
#pragma once

#include "engine/execution/key.h"

#include <cstdint>
#include <string_view>

namespace kvstash::engine {

class Shard;

// On `worker`'s thread, with `shard`, which the key lives on, held. `event_class` is one of
// notify::k...; nothing happens unless its events are asked for.
void tell_event(Shard& shard, Shard& worker, DbIndex db, uint32_t event_class,
                std::string_view event, std::string_view key);

}  // namespace kvstash::engine
