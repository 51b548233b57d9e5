// Scripting: all that the server knows of scripts and functions: what is shared by the shards, and
// the virtual machines of each.
//
// Owned by the server, found through the ShardSet. Virtual machines are made when they are first
// needed, on the thread of their shard.
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

  // DEBUG SET-DISABLE-DENY-SCRIPTS. Changed while every shard is held.
  bool allows_denied = false;

  // On the shard's thread, or while it is held.
  CompiledScripts& scripts_of(size_t shard);
  LoadedLibraries& libraries_of(size_t shard);

  // Memory of its virtual machines; none before they are needed. The same threads.
  size_t eval_vm_bytes(size_t shard) const;
  size_t functions_vm_bytes(size_t shard) const;

  // While every shard is held: everything starts anew, but for what functions have told cjson,
  // which stays as in Redis. `garbage` is what was there.
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
  std::vector<std::unique_ptr<CompiledScripts>> scripts_;  // By shard.
  std::vector<std::unique_ptr<LoadedLibraries>> loaded_;   // By shard.
};

}  // namespace kvstash::scripting
