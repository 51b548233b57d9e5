#include "engine/tracking/broadcast_table.h"

#include "base/ensure.h"

#include <utility>

namespace kvstash::engine {

void BroadcastTable::add(std::string_view prefix, uint32_t home) {
  auto at = prefixes_.find(prefix);
  if (at == prefixes_.end()) at = prefixes_.emplace(prefix, Prefix()).first;
  ++at->second.homes[home];
}

void BroadcastTable::remove(std::string_view prefix, uint32_t home) {
  const auto at = prefixes_.find(prefix);
  ensure(at != prefixes_.end());
  Homes& homes = at->second.homes;
  const auto count = homes.find(home);
  ensure(count != homes.end());
  if (--count->second != 0) return;
  homes.erase(count);
  if (!homes.empty()) return;
  pending_ -= at->second.changed.size();
  prefixes_.erase(at);
}

void BroadcastTable::note_change(std::string_view key, uint64_t author) {
  for (auto& [text, prefix] : prefixes_) {
    if (!key.starts_with(text)) continue;
    const auto [at, is_new] = prefix.changed.insert_or_assign(std::string(key), author);
    if (is_new) ++pending_;
  }
}

void BroadcastTable::take_pending(
    const std::function<void(const Homes&, PrefixInvalidation)>& tell) {
  if (pending_ == 0) return;
  pending_ = 0;
  for (auto& [text, prefix] : prefixes_) {
    if (prefix.changed.empty()) continue;
    tell(prefix.homes, {.prefix = text, .keys = std::exchange(prefix.changed, {})});
  }
}

}  // namespace kvstash::engine
