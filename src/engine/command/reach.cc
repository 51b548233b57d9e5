#include "engine/command/reach.h"

#include "engine/shard.h"
#include "engine/shard_set.h"

namespace kvstash::engine {

void Reach::add(const Command& command, std::span<const std::string_view> args, Shard& home) {
  switch (scope_of(command, args, home)) {
    case Scope::kSession:
      needs_home_ = true;
      return;
    case Scope::kAllShards:
    case Scope::kGather:
      needs_all_ = true;
      return;
    case Scope::kChannel:
      shards_.push_back(home.set().shard_of(args[1]));
      return;
    case Scope::kKeys:
      break;
  }
  keys_.clear();
  if (CommandTable::keys_of(command, args, keys_) == KeysFound::kUnknown) needs_all_ = true;
  for (const KeyAt& key : keys_)
    shards_.push_back(home.set().shard_of(args[key.index]));
}

void Reach::clear() {
  shards_.clear();
  needs_all_ = needs_home_ = false;
}

}  // namespace kvstash::engine
