// WatchTable: the keys of one shard that some client WATCHes, each with a version that every change
// raises. A client remembers the versions it saw; EXEC, which holds the shards of the watched keys,
// compares them. So there is no list of watchers, no notification and no lock.
//
// Lives on a shard. Each key counts its watchers and is forgotten with the last one.
#pragma once

#include "engine/execution/key.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kvstash::engine {

// One key that a client watches, with the version that it saw.
struct WatchedKey {
  DbIndex db{};
  std::string key;
  uint64_t version = 0;
};

class WatchTable {
 public:
  bool empty() const { return entries_.empty(); }

  // Adds a watcher of the key; returns the version for the client to remember.
  uint64_t watch(DbIndex db, std::string_view key);
  void unwatch(DbIndex db, std::string_view key);

  bool is_unchanged(const WatchedKey& watched) const;

  void touch(DbIndex db, std::string_view key);
  // Raises the version of each watched key of `db` for which `is_affected(key)` is true.
  template <typename IsAffected>
  void touch_all(DbIndex db, IsAffected&& is_affected) {
    for (auto& [id, entry] : entries_) {
      if (db_of(id) == db && is_affected(key_of(id))) entry.version = next_version_++;
    }
  }

 private:
  struct Entry {
    uint64_t version;
    uint32_t watchers;
  };

  // Four bytes of the database's number, then the key.
  static std::string id_of(DbIndex db, std::string_view key);
  static DbIndex db_of(const std::string& id);
  static std::string_view key_of(const std::string& id) { return std::string_view(id).substr(4); }

  std::unordered_map<std::string, Entry> entries_;
  // A version is never used twice, so an entry made anew differs from the old one.
  uint64_t next_version_ = 1;
};

}  // namespace kvstash::engine
