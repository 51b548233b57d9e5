// Key search: the keys of one keyspace that KEYS and SCAN select, and a walk that finds them.
//
// These are the parts of the two commands that run on the shards asked. They do not change the
// keyspace: expired keys that match are not among the found keys but listed separately, for callers
// that remove them. Results own their bytes, because they travel between threads. Not thread-safe:
// runs where the shard is held.
#pragma once

#include "store/keyspace.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {

struct KeyFilter {
  std::string pattern = "*";
  std::optional<store::ValueType> type;  // None: any type.
  bool matches_nothing = false;          // TYPE named a type that does not exist.

  bool matches(const store::Entry& entry) const;
};

// Whether a pattern matches exactly one text, which is the pattern itself.
bool is_literal(std::string_view pattern);

// Names in the form that a reply needs: one bulk string after the other.
struct FoundKeys {
  size_t count = 0;
  std::string bulks;

  void add(std::string_view key);
  void append(const FoundKeys& more);
};

// When a walk stops: after this many keys were seen (matching or not) or buckets visited.
struct WalkLimit {
  size_t keys = std::numeric_limits<size_t>::max();
  size_t buckets = std::numeric_limits<size_t>::max();
};

struct WalkResult {
  FoundKeys found;
  std::vector<std::string> expired;  // Keys that match, and whose deadline has passed.
  size_t seen = 0;                   // All keys visited, matching or not.
  store::ScanPosition next{};        // Zero: the walk is at its end.
};

WalkResult walk_keys(const store::Keyspace& space, store::ScanPosition from,
                     const KeyFilter& filter, const WalkLimit& limit, int64_t now_ms);

// Finds the one key that a literal pattern names, if the key exists.
FoundKeys find_literal(const store::Keyspace& space, const KeyFilter& filter, int64_t now_ms);

}  // namespace kvstash::commands
