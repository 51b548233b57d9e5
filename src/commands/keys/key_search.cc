#include "commands/keys/key_search.h"

#include "base/glob.h"
#include "base/hash.h"
#include "base/numbers.h"

namespace kvstash::commands {

bool KeyFilter::matches(const store::Entry& entry) const {
  if (matches_nothing || (type && entry.type() != *type)) return false;
  return pattern == "*" || glob_match(pattern, entry.key());
}

bool is_literal(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

void FoundKeys::add(std::string_view key) {
  char digits[kInt64CharsMax];
  bulks += '$';
  bulks.append(digits, format_uint64(digits, key.size()));
  bulks += "\r\n";
  bulks += key;
  bulks += "\r\n";
  ++count;
}

void FoundKeys::append(const FoundKeys& more) {
  bulks += more.bulks;
  count += more.count;
}

WalkResult walk_keys(const store::Keyspace& space, store::ScanPosition from,
                     const KeyFilter& filter, const WalkLimit& limit, int64_t now_ms) {
  WalkResult result{.found = {}, .expired = {}, .seen = 0, .next = from};
  const auto visit = [&](const store::Entry* entry) {
    ++result.seen;
    if (!filter.matches(*entry)) return;
    if (entry->is_expired(now_ms)) {
      result.expired.emplace_back(entry->key());
    } else {
      result.found.add(entry->key());
    }
  };
  size_t buckets = 0;
  do {
    result.next = space.table().scan(result.next, visit);
    ++buckets;
  } while (result.next != store::ScanPosition{} && result.seen < limit.keys &&
           buckets < limit.buckets);
  return result;
}

FoundKeys find_literal(const store::Keyspace& space, const KeyFilter& filter, int64_t now_ms) {
  FoundKeys found;
  const std::string& key = filter.pattern;
  const store::Entry* entry = space.find({key, keyed_hash(key, space.table().seed())});
  if (entry != nullptr && !entry->is_expired(now_ms) && filter.matches(*entry)) found.add(key);
  return found;
}

}  // namespace kvstash::commands
