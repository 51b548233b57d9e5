// CompiledScripts: the scripts of EVAL that one shard has compiled, and the Vm they run in.
//
// A script is found by its text, which EVAL looks up without computing a SHA1, or by its SHA1. At
// most kScriptsMax are kept; the one not used for longest is forgotten first. Belongs to a shard;
// used on its thread.
#pragma once

#include "base/hash.h"
#include "base/result.h"
#include "engine/node_ports.h"
#include "scripting/script_cache.h"
#include "scripting/vm.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace kvstash::scripting {

Error no_such_script();  // The error NOSCRIPT.

struct CompiledScript {
  ScriptRef script;
  int reference = 0;  // Its function in the Vm.
};

struct TextHash {
  explicit TextHash(const HashSeed& secret) : seed(secret) {}
  size_t operator()(std::string_view text) const { return keyed_hash(text, seed); }

  HashSeed seed;
};

class CompiledScripts {
 public:
  static constexpr size_t kScriptsMax = 1024;

  CompiledScripts(ScriptCache& cache, std::string_view redis_version,
                  const engine::NodePorts& ports)
      : cache_(&cache),
        vm_(VmKind::kEval, redis_version, *ports.clock),
        by_body_(0, TextHash(HashSeed::draw(*ports.entropy))),
        by_sha_(0, TextHash(HashSeed::draw(*ports.entropy))) {}

  Vm& vm() { return vm_; }

  // The script with this text. If it is new it is compiled, and added to the cache of all shards.
  // Error: it does not compile.
  Result<const CompiledScript*> by_body(std::string_view body, int64_t now_ms);
  // As by_body, and marks the script as loaded by SCRIPT LOAD, so that the limit for scripts of
  // EVAL does not apply to it.
  Result<const CompiledScript*> load(std::string_view body, int64_t now_ms);
  // The script with this SHA1, in any case of letters. Error: neither this shard nor the cache has
  // it.
  Result<const CompiledScript*> by_sha(std::string_view sha, int64_t now_ms);
  // The flags of the script with this SHA1; nothing if no shard knows the script.
  std::optional<uint32_t> flags_of(std::string_view sha);

 private:
  using Scripts = std::list<CompiledScript>;  // The one used last is in front.
  using Index = std::unordered_map<std::string_view, Scripts::iterator, TextHash>;

  const CompiledScript* find(const Index& index, std::string_view text, int64_t now_ms);
  Result<const CompiledScript*> add_body(std::string_view body, int64_t now_ms);
  Result<int> compile(const Script& script);
  const CompiledScript* keep(ScriptRef script, int reference);
  void forget(Scripts::iterator at);

  ScriptCache* cache_;
  Vm vm_;
  Scripts scripts_;
  Index by_body_;
  Index by_sha_;
};

}  // namespace kvstash::scripting
