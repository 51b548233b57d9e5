#include "scripting/script_cache.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::scripting {
namespace {

size_t bytes_of(const Script& script) {
  return sizeof(Script) + script.sha.size() + script.body.size();
}

}  // namespace

ScriptRef ScriptCache::find(std::string_view sha) {
  const std::lock_guard guard(lock_);
  const auto at = scripts_.find(sha);
  return at == scripts_.end() ? nullptr : at->second;
}

ScriptRef ScriptCache::add(ScriptRef script) {
  const std::lock_guard guard(lock_);
  const auto [at, is_new] = scripts_.try_emplace(script->sha, script);
  if (!is_new) {
    if (script->is_loaded.load()) at->second->is_loaded.store(true);
    return at->second;
  }
  count_.store(scripts_.size(), std::memory_order_relaxed);
  bytes_.store(bytes() + bytes_of(*script), std::memory_order_relaxed);
  make_room();
  return script;
}

void ScriptCache::clear() {
  const std::lock_guard guard(lock_);
  for (const auto& [sha, script] : scripts_)
    script->is_dropped.store(true, std::memory_order_relaxed);
  scripts_.clear();
  count_.store(0, std::memory_order_relaxed);
  bytes_.store(0, std::memory_order_relaxed);
}

// Drops scripts until the cache is within its limits. The script that was just added stays, because
// it is the one used last.
void ScriptCache::make_room() {
  const auto from_eval = static_cast<size_t>(std::ranges::count_if(scripts_, [](const auto& entry) {
    return !entry.second->is_loaded.load(std::memory_order_relaxed);
  }));
  if (from_eval > kEvalScriptsMax) drop_oldest(false);
  while (bytes() > kBytesMax && scripts_.size() > 1)
    drop_oldest(true);
}

void ScriptCache::drop_oldest(bool loaded_too) {
  auto oldest = scripts_.end();
  for (auto at = scripts_.begin(); at != scripts_.end(); ++at) {
    if (!loaded_too && at->second->is_loaded.load(std::memory_order_relaxed)) continue;
    if (oldest == scripts_.end() || at->second->used_ms.load(std::memory_order_relaxed) <
                                        oldest->second->used_ms.load(std::memory_order_relaxed))
      oldest = at;
  }
  ensure(oldest != scripts_.end());
  const ScriptRef script = oldest->second;
  script->is_dropped.store(true, std::memory_order_relaxed);
  bytes_.store(bytes() - bytes_of(*script), std::memory_order_relaxed);
  scripts_.erase(oldest);
  count_.store(scripts_.size(), std::memory_order_relaxed);
}

}  // namespace kvstash::scripting
