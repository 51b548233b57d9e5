// CompiledScripts: the scripts of EVAL as one shard has compiled them, and the Vm they run in.
//
// Found by their text (EVAL hashes it, without a SHA1) or by their SHA1. At most kScriptsMax; the
// one not used for longest is forgotten first. Belongs to a shard; used on its thread.
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

Error no_such_script();  // NOSCRIPT

struct CompiledScript {
  ScriptRef script;
  int reference = 0;  // In the Vm.
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

  // The script with this text, made known to everybody. Error: it does not compile.
  Result<const CompiledScript*> by_body(std::string_view body, int64_t now_ms);
  // The same, kept until it is flushed: SCRIPT LOAD.
  Result<const CompiledScript*> load(std::string_view body, int64_t now_ms);
  // The script of this SHA1, in any case. Error: nobody knows it.
  Result<const CompiledScript*> by_sha(std::string_view sha, int64_t now_ms);
  // Its flags, if it is known.
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
