// Key search: which keys of one keyspace KEYS and SCAN want, and a walk that finds them.
//
// The parts of these two commands that run on the shards asked. Nothing changes the keyspace: keys
// whose deadline has passed are not shown, but told apart for those who want them gone. Results own
// their bytes, because they travel between threads. Not thread-safe: runs where the shard is held.
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
  std::optional<store::ValueType> type;  // None: any.
  bool matches_nothing = false;          // TYPE asked for a type that there is not.

  bool matches(const store::Entry& entry) const;
};

// Whether a pattern can match one text only: itself.
bool is_literal(std::string_view pattern);

// Names, as a reply has them: one bulk string after the other.
struct FoundKeys {
  size_t count = 0;
  std::string bulks;

  void add(std::string_view key);
  void append(const FoundKeys& more);
};

// How far a walk goes: until so many keys were seen (matching or not) or buckets visited.
struct WalkLimit {
  size_t keys = std::numeric_limits<size_t>::max();
  size_t buckets = std::numeric_limits<size_t>::max();
};

struct WalkResult {
  FoundKeys found;
  std::vector<std::string> expired;  // Would be found, had their deadline not passed.
  size_t seen = 0;                   // Matching or not.
  store::ScanPosition next{};        // Zero: the walk is at its end.
};

WalkResult walk_keys(const store::Keyspace& space, store::ScanPosition from,
                     const KeyFilter& filter, const WalkLimit& limit, int64_t now_ms);

// The one key that a literal pattern names, if it is there.
FoundKeys find_literal(const store::Keyspace& space, const KeyFilter& filter, int64_t now_ms);

}  // namespace kvstash::commands
