#include "replication/primary/replica_roster.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {

std::string ReplicaEntry::name() const {
  return ip + ":" +
         (facts.listening_port == 0 ? "<unknown-replica-port>"
                                    : std::to_string(facts.listening_port));
}

int64_t ReplicaEntry::lag_ms(int64_t now_ms) const {
  return now_ms - std::max(facts.acked_ms, since_ms);
}

void ReplicaRoster::put(ReplicaEntry entry) {
  {
    const std::lock_guard guard(lock_);
    const uint64_t session = entry.session;
    entries_.insert_or_assign(session, std::move(entry));
  }
  changed_();
}

void ReplicaRoster::remove(uint64_t session) {
  {
    const std::lock_guard guard(lock_);
    entries_.erase(session);
  }
  changed_();
}

std::vector<ReplicaEntry> ReplicaRoster::all() const {
  const std::lock_guard guard(lock_);
  std::vector<ReplicaEntry> found;
  for (const auto& [session, entry] : entries_)
    found.push_back(entry);
  return found;
}

size_t ReplicaRoster::size() const {
  const std::lock_guard guard(lock_);
  return entries_.size();
}

std::vector<engine::ReplicaAck> ReplicaRoster::acks() const {
  const std::lock_guard guard(lock_);
  std::vector<engine::ReplicaAck> found;
  for (const auto& [session, entry] : entries_)
    if (entry.state == ReplicaState::kOnline && !entry.is_silent) found.push_back(entry.ack);
  return found;
}

int64_t ReplicaRoster::good(int64_t now_ms, int64_t lag_ms_max) const {
  const std::lock_guard guard(lock_);
  return std::ranges::count_if(entries_, [&](const auto& pair) {
    const ReplicaEntry& entry = pair.second;
    return entry.state == ReplicaState::kOnline && entry.lag_ms(now_ms) <= lag_ms_max;
  });
}

}  // namespace kvstash::replication
