#include "scripting/scripting.h"

#include "engine/execution/call.h"
#include "engine/shard.h"

#include <utility>

namespace kvstash::scripting {

Scripting::Scripting(size_t shards, std::string_view redis_version, const engine::NodePorts& ports)
    : redis_version_(redis_version), ports_(ports), scripts_(shards), loaded_(shards) {}

Scripting& Scripting::of(engine::Call& call) {
  return call.shards().scripting();
}

Scripting& Scripting::of(engine::Shard& shard) {
  return shard.set().scripting();
}

CompiledScripts& Scripting::scripts_of(size_t shard) {
  std::unique_ptr<CompiledScripts>& scripts = scripts_[shard];
  if (scripts == nullptr)
    scripts = std::make_unique<CompiledScripts>(cache_, redis_version_, ports_);
  return *scripts;
}

LoadedLibraries& Scripting::libraries_of(size_t shard) {
  std::unique_ptr<LoadedLibraries>& libraries = loaded_[shard];
  if (libraries == nullptr)
    libraries = std::make_unique<LoadedLibraries>(redis_version_, *ports_.clock);
  return *libraries;
}

size_t Scripting::eval_vm_bytes(size_t shard) const {
  return scripts_[shard] == nullptr ? 0 : scripts_[shard]->vm().bytes();
}

size_t Scripting::functions_vm_bytes(size_t shard) const {
  return loaded_[shard] == nullptr ? 0 : loaded_[shard]->vm().bytes();
}

Scripting::Garbage Scripting::flush_scripts() {
  cache_.clear();
  eval_cjson_.give({});
  Garbage garbage;
  garbage.scripts = std::exchange(scripts_, {});
  scripts_.resize(garbage.scripts.size());
  return garbage;
}

Scripting::Garbage Scripting::flush_libraries() {
  libraries_.clear();
  Garbage garbage;
  garbage.libraries = std::exchange(loaded_, {});
  loaded_.resize(garbage.libraries.size());
  return garbage;
}

}  // namespace kvstash::scripting
