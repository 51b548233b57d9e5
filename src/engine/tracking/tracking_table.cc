#include "engine/tracking/tracking_table.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::engine {

TrackingTable::TrackingTable(const HashSeed& seed) : keys_(0, NameHash{seed}) {}

void TrackingTable::remember(std::string_view key, const Reader& reader) {
  auto at = keys_.find(key);
  if (at == keys_.end()) {
    at = keys_.emplace(key, Key()).first;
    at->second.position = order_.size();
    order_.push_back(&*at);
  }
  // Ids grow with time, so a new reader mostly belongs at the end.
  std::vector<Reader>& readers = at->second.readers;
  const auto place = std::ranges::lower_bound(readers, reader.client, {}, &Reader::client);
  if (place != readers.end() && place->client == reader.client) return;
  readers.insert(place, reader);
  ++items_;
}

std::vector<TrackingTable::Reader> TrackingTable::take(std::string_view key) {
  const auto at = keys_.find(key);
  if (at == keys_.end()) return {};
  std::vector<Reader> readers = std::move(at->second.readers);
  items_ -= readers.size();
  erase(at);
  return readers;
}

std::string_view TrackingTable::random_key(Random& random) const {
  ensure(!order_.empty());
  return order_[random.below(order_.size())]->first;
}

// Erases a key; the last key of order_ takes its position. A sweep goes downwards: it has seen the
// last key already, or has yet to begin.
void TrackingTable::erase(Keys::iterator at) {
  const size_t position = at->second.position;
  order_[position] = order_.back();
  order_[position]->second.position = position;
  order_.pop_back();
  keys_.erase(at);
}

void TrackingTable::forget(uint64_t client) {
  gone_next_.push_back(client);
}

void TrackingTable::drop_gone_readers(Keys::iterator at) {
  items_ -= std::erase_if(at->second.readers,
                          [&](const Reader& reader) { return gone_.contains(reader.client); });
  if (at->second.readers.empty()) erase(at);
}

bool TrackingTable::sweep(size_t keys) {
  if (gone_.empty()) {
    if (gone_next_.empty()) return false;
    gone_.insert(gone_next_.begin(), gone_next_.end());
    gone_next_.clear();
    sweep_at_ = order_.size();
  }
  sweep_at_ = std::min(sweep_at_, order_.size());
  for (; keys > 0 && sweep_at_ > 0; --keys)
    drop_gone_readers(keys_.find(order_[--sweep_at_]->first));
  if (sweep_at_ != 0) return true;
  gone_.clear();
  return !gone_next_.empty();
}

}  // namespace kvstash::engine
