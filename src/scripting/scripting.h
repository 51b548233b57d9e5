// Scripting: everything that the server knows about scripts and functions: the parts that shards
// share, and the virtual machines of each shard.
//
// Owned by the server, found through the ShardSet. A virtual machine is made when it is first
// needed, on the thread of its shard.
#pragma once

#include "engine/node_ports.h"
#include "scripting/compiled_scripts.h"
#include "scripting/libraries.h"
#include "scripting/loaded_libraries.h"
#include "scripting/script_cache.h"
#include "scripting/shared_cjson_options.h"
#include "scripting/slow_scripts.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
class Call;
class Shard;
}  // namespace kvstash::engine

namespace kvstash::scripting {

class Scripting {
 public:
  // `ports` are those of the node.
  Scripting(size_t shards, std::string_view redis_version,
            const engine::NodePorts& ports = engine::system_ports());
  static Scripting& of(engine::Call& call);
  static Scripting& of(engine::Shard& shard);

  ScriptCache& cache() { return cache_; }
  const ScriptCache& cache() const { return cache_; }
  SlowScripts& slow() { return slow_; }
  Libraries& libraries() { return libraries_; }
  const Libraries& libraries() const { return libraries_; }
  SharedCjsonOptions& cjson_of(VmKind kind) {
    return kind == VmKind::kEval ? eval_cjson_ : functions_cjson_;
  }

  // Set by DEBUG SET-DISABLE-DENY-SCRIPTS, while every shard is held.
  bool allows_denied = false;

  // Call these on the shard's thread, or while the shard is held.
  CompiledScripts& scripts_of(size_t shard);
  LoadedLibraries& libraries_of(size_t shard);

  // The memory of the shard's virtual machine; 0 if there is none yet. Call these on the shard's
  // thread, or while the shard is held.
  size_t eval_vm_bytes(size_t shard) const;
  size_t functions_vm_bytes(size_t shard) const;

  // Remove all scripts or all libraries and their virtual machines, and return them as garbage to
  // be freed. As in Redis, the cjson options that functions have set stay. Call these while every
  // shard is held.
  struct Garbage {
    std::vector<std::unique_ptr<CompiledScripts>> scripts;
    std::vector<std::unique_ptr<LoadedLibraries>> libraries;
  };
  Garbage flush_scripts();
  Garbage flush_libraries();

 private:
  std::string redis_version_;
  engine::NodePorts ports_;
  ScriptCache cache_;
  SlowScripts slow_;
  Libraries libraries_;
  SharedCjsonOptions eval_cjson_;
  SharedCjsonOptions functions_cjson_;
  std::vector<std::unique_ptr<CompiledScripts>> scripts_;  // One for each shard.
  std::vector<std::unique_ptr<LoadedLibraries>> loaded_;   // One for each shard.
};

}  // namespace kvstash::scripting
