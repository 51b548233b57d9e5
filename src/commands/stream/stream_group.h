// A consumer group that a command works on, found by the names in its arguments.
#pragma once

#include "commands/stream/stream_effects.h"
#include "engine/execution/call.h"
#include "store/stream.h"

#include <string>
#include <string_view>

namespace kvstash::commands {

// "No such key ... or consumer group ...".
inline Error no_key_or_group(GroupName name) {
  return Error::text("NOGROUP No such key '" + std::string(name.key) + "' or consumer group '" +
                     std::string(name.group) + "'");
}
inline Error no_group(GroupName name) {
  return Error::text("NOGROUP No such consumer group '" + std::string(name.group) +
                     "' for key name '" + std::string(name.key) + "'");
}

// The consumer of that name, made if there is none; it is seen now. That it was made is told as an
// event, but its record is left to the caller: others may make it known too.
struct SeenConsumer {
  store::Consumer* consumer;
  bool is_new;
};
SeenConsumer see_consumer(engine::Call& call, engine::Key& key, store::ConsumerGroup& group,
                          std::string_view name);

}  // namespace kvstash::commands
