#include "engine/acl/acl_log.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

constexpr int64_t kSharedForMs = 60'000;
// Only so many of the newest entries are searched for an equal denial, so that an attacker cannot
// make each denial slow.
constexpr size_t kSearchedMax = 10;

bool is_same(const AclLogEntry& a, const AclLogEntry& b) {
  return a.reason == b.reason && a.context == b.context && a.object == b.object &&
         a.user == b.user && b.updated_ms - a.updated_ms <= kSharedForMs;
}

}  // namespace

void AclLog::add(AclLogEntry entry, size_t max) {
  const std::lock_guard guard(lock_);
  ++denied_[static_cast<size_t>(entry.reason)];
  const auto end =
      entries_.begin() + static_cast<std::ptrdiff_t>(std::min(entries_.size(), kSearchedMax));
  const auto at = std::find_if(entries_.begin(), end,
                               [&](const AclLogEntry& known) { return is_same(known, entry); });
  if (at != end) {
    entry.id = at->id;
    entry.count = at->count + 1;
    entry.created_ms = at->created_ms;
    entries_.erase(at);
  } else {
    entry.id = next_id_++;
  }
  entries_.push_front(std::move(entry));
  if (entries_.size() > max) entries_.resize(max);
}

std::vector<AclLogEntry> AclLog::newest(size_t count) const {
  const std::lock_guard guard(lock_);
  return {entries_.begin(),
          entries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries_.size()))};
}

void AclLog::clear() {
  const std::lock_guard guard(lock_);
  entries_.clear();
}

uint64_t AclLog::denied(AclReason reason) const {
  const std::lock_guard guard(lock_);
  return denied_[static_cast<size_t>(reason)];
}

}  // namespace kvstash::engine
