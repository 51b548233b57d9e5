#include "scripting/declared_keys.h"

#include "base/ensure.h"
#include "scripting/script_flags.h"

#include <algorithm>

namespace kvstash::scripting {

bool keeps_to_its_keys(uint32_t flags, bool has_keys, const engine::EngineOptions& options) {
  if (!has_keys || (flags & kAllowCrossSlotKeys) != 0) return false;
  return (flags & kDeclaredKeys) != 0 || options.script_keys == engine::ScriptKeys::kDeclared;
}

DeclaredKeys::DeclaredKeys(std::span<const std::string_view> keys) {
  ensure(!keys.empty());
  slots_.reserve(keys.size());
  for (const std::string_view key : keys)
    slots_.push_back(key_slot(key));
  std::ranges::sort(slots_);
  slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
}

bool DeclaredKeys::include(std::string_view key) const {
  return are_all() || std::ranges::binary_search(slots_, key_slot(key));
}

}  // namespace kvstash::scripting
