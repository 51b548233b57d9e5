#include "engine/execution/watch.h"

#include "base/ensure.h"

#include <cstring>

namespace kvstash::engine {

std::string WatchTable::id_of(DbIndex db, std::string_view key) {
  const auto number = static_cast<uint32_t>(db);
  std::string id(sizeof(number), '\0');
  std::memcpy(id.data(), &number, sizeof(number));
  id.append(key);
  return id;
}

DbIndex WatchTable::db_of(const std::string& id) {
  uint32_t number;
  std::memcpy(&number, id.data(), sizeof(number));
  return static_cast<DbIndex>(number);
}

uint64_t WatchTable::watch(DbIndex db, std::string_view key) {
  const auto [at, is_new] = entries_.try_emplace(id_of(db, key), Entry{0, 0});
  if (is_new) at->second.version = next_version_++;
  ++at->second.watchers;
  ensure(at->second.version < next_version_);
  return at->second.version;
}

void WatchTable::unwatch(DbIndex db, std::string_view key) {
  const auto at = entries_.find(id_of(db, key));
  if (at == entries_.end()) return;
  ensure(at->second.watchers != 0);
  if (--at->second.watchers == 0) entries_.erase(at);
}

bool WatchTable::is_unchanged(const WatchedKey& watched) const {
  const auto at = entries_.find(id_of(watched.db, watched.key));
  return at != entries_.end() && at->second.version == watched.version;
}

void WatchTable::touch(DbIndex db, std::string_view key) {
  const auto at = entries_.find(id_of(db, key));
  if (at != entries_.end()) at->second.version = next_version_++;
}

}  // namespace kvstash::engine
