#include "store/consumer_group.h"

#include "base/ensure.h"

namespace kvstash::store {

Consumer& ConsumerGroup::create_consumer(std::string_view name, int64_t now_ms) {
  Consumer& consumer = consumers_.create(name);
  consumer.seen_ms = now_ms;
  return consumer;
}

size_t ConsumerGroup::destroy_consumer(Consumer& consumer) {
  const size_t count = consumer.pending().size();
  for (auto at = consumer.pending().first(); !at.at_end(); at.next())
    ensure(pending_.erase(at.id()));
  consumers_.destroy(consumer);
  return count;
}

bool ConsumerGroup::add_pending(StreamId id, const PendingEntry& entry) {
  if (!pending_.insert(id, entry)) return false;
  ensure(entry.consumer->pending_.insert(id, {}));
  return true;
}

void ConsumerGroup::assign(StreamId id, PendingEntry& entry, Consumer& to) {
  if (entry.consumer == &to) return;
  ensure(entry.consumer->pending_.erase(id));
  ensure(to.pending_.insert(id, {}));
  entry.consumer = &to;
}

bool ConsumerGroup::acknowledge(StreamId id) {
  const PendingEntry* entry = pending_.find(id);
  if (entry == nullptr) return false;
  ensure(entry->consumer->pending_.erase(id));
  ensure(pending_.erase(id));
  return true;
}

void ConsumerGroup::copy_from(const ConsumerGroup& other) {
  ensure(consumers_.empty() && pending_.empty());
  last_id = other.last_id;
  entries_read = other.entries_read;
  for (const Consumer* consumer : other.consumers().all()) {
    Consumer& copy = create_consumer(consumer->name(), consumer->seen_ms);
    copy.active_ms = consumer->active_ms;
  }
  for (auto at = other.pending().first(); !at.at_end(); at.next()) {
    PendingEntry entry = at.value();
    entry.consumer = find_consumer(entry.consumer->name());
    ensure(add_pending(at.id(), entry));
  }
}

bool ConsumerGroup::is_sound() const {
  if (!pending_.is_sound()) return false;
  size_t owned = 0;
  for (const Consumer* consumer : consumers_.all()) {
    if (!consumer->pending().is_sound()) return false;
    owned += consumer->pending().size();
    for (auto at = consumer->pending().first(); !at.at_end(); at.next()) {
      const PendingEntry* entry = pending_.find(at.id());
      if (entry == nullptr || entry->consumer != consumer) return false;
    }
  }
  return owned == pending_.size();
}

}  // namespace kvstash::store
