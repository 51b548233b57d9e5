#include "persist/node/node_context.h"

#include "base/ensure.h"

namespace kvstash::persist {

NodeContext::NodeContext(engine::ShardSet& set, scripting::Scripting& scripting,
                         std::string redis_version, HistoryPort& history, PersistOptions options)
    : set_(&set),
      scripting_(&scripting),
      redis_version_(std::move(redis_version)),
      history_(&history),
      options_(std::move(options)) {
  ensure(set.ports().disk != nullptr);
}

}  // namespace kvstash::persist
