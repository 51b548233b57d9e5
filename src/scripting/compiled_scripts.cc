#include "scripting/compiled_scripts.h"

#include "base/text.h"
#include "scripting/sha1.h"

#include <string>

namespace kvstash::scripting {
namespace {

constexpr size_t kShaBytes = 40;
constexpr const char* kChunkName = "@user_script";
// All shards share a script's time of use, so it is written at most once in this time.
constexpr int64_t kUsedStepMs = 1000;

void note_use(Script& script, int64_t now_ms) {
  if (now_ms - script.used_ms.load(std::memory_order_relaxed) >= kUsedStepMs)
    script.used_ms.store(now_ms, std::memory_order_relaxed);
}

}  // namespace

Error no_such_script() {
  return Error::literal("NOSCRIPT No matching script. Please use EVAL.");
}

const CompiledScript* CompiledScripts::find(const Index& index, std::string_view text,
                                            int64_t now_ms) {
  const auto found = index.find(text);
  if (found == index.end()) return nullptr;
  const Scripts::iterator at = found->second;
  if (at->script->is_dropped.load(std::memory_order_relaxed)) {
    forget(at);
    return nullptr;
  }
  if (at != scripts_.begin()) scripts_.splice(scripts_.begin(), scripts_, at);
  note_use(*at->script, now_ms);
  return &*at;
}

Result<const CompiledScript*> CompiledScripts::by_body(std::string_view body, int64_t now_ms) {
  if (const CompiledScript* known = find(by_body_, body, now_ms)) return known;
  return add_body(body, now_ms);
}

Result<const CompiledScript*> CompiledScripts::load(std::string_view body, int64_t now_ms) {
  Result<const CompiledScript*> compiled = by_body(body, now_ms);
  if (compiled.ok()) (*compiled)->script->is_loaded.store(true, std::memory_order_relaxed);
  return compiled;
}

Result<const CompiledScript*> CompiledScripts::add_body(std::string_view body, int64_t now_ms) {
  const Result<Shebang> shebang = parse_shebang(body);
  if (!shebang.ok()) return shebang.error();
  auto script = std::make_shared<Script>();
  script->sha = sha1_hex(body);
  script->body = body;
  script->shebang = *shebang;
  script->used_ms.store(now_ms, std::memory_order_relaxed);
  const Result<int> reference = compile(*script);
  if (!reference.ok()) return reference.error();
  // Another shard may have added the same script meanwhile; then that one is used.
  return keep(cache_->add(std::move(script)), *reference);
}

Result<const CompiledScript*> CompiledScripts::by_sha(std::string_view sha, int64_t now_ms) {
  if (sha.size() != kShaBytes) return no_such_script();
  if (const CompiledScript* known = find(by_sha_, sha, now_ms)) return known;
  const std::string lower = to_lower(sha);
  if (lower != sha) return by_sha(lower, now_ms);
  ScriptRef script = cache_->find(lower);
  if (script == nullptr) return no_such_script();
  note_use(*script, now_ms);
  const Result<int> reference = compile(*script);
  if (!reference.ok()) return reference.error();
  return keep(std::move(script), *reference);
}

std::optional<uint32_t> CompiledScripts::flags_of(std::string_view sha) {
  const auto known = by_sha_.find(sha);
  if (known != by_sha_.end()) return known->second->script->shebang.flags;
  const ScriptRef script = cache_->find(to_lower(sha));
  if (script == nullptr) return std::nullopt;
  return script->shebang.flags;
}

Result<int> CompiledScripts::compile(const Script& script) {
  const std::string_view text = std::string_view(script.body).substr(script.shebang.bytes);
  const Result<int> reference = vm_.compile(text, kChunkName);
  if (reference.ok()) return reference;
  return Error::text("ERR Error compiling script (new function): " +
                     std::string(reference.error().message()));
}

const CompiledScript* CompiledScripts::keep(ScriptRef script, int reference) {
  if (scripts_.size() >= kScriptsMax) forget(std::prev(scripts_.end()));
  scripts_.push_front({.script = std::move(script), .reference = reference});
  const Scripts::iterator at = scripts_.begin();
  by_body_.insert_or_assign(at->script->body, at);
  by_sha_.insert_or_assign(at->script->sha, at);
  return &*at;
}

void CompiledScripts::forget(Scripts::iterator at) {
  by_body_.erase(at->script->body);
  by_sha_.erase(at->script->sha);
  vm_.forget(at->reference);
  scripts_.erase(at);
}

}  // namespace kvstash::scripting
