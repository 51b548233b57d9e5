// The consumer group and consumer that a command works on, found by the names in its arguments.
#pragma once

#include "commands/stream/stream_effects.h"
#include "engine/execution/call.h"
#include "store/stream.h"

#include <string>
#include <string_view>

namespace kvstash::commands {

// The error "No such key ... or consumer group ...".
inline Error no_key_or_group(GroupName name) {
  return Error::text("NOGROUP No such key '" + std::string(name.key) + "' or consumer group '" +
                     std::string(name.group) + "'");
}
inline Error no_group(GroupName name) {
  return Error::text("NOGROUP No such consumer group '" + std::string(name.group) +
                     "' for key name '" + std::string(name.key) + "'");
}

// Finds the consumer of that name, or creates it, and notes that it was seen now. A creation is
// sent as an event, but the caller must record it, unless another of its records mentions the
// consumer.
struct SeenConsumer {
  store::Consumer* consumer;
  bool is_new;
};
SeenConsumer see_consumer(engine::Call& call, engine::Key& key, store::ConsumerGroup& group,
                          std::string_view name);

}  // namespace kvstash::commands
