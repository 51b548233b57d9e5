#include "store/consumer_group.h"

#include "base/ensure.h"

namespace kvstash::store {

void ConsumerGroup::tell_change() const {
  if (observer() != nullptr) [[unlikely]]
    observer()->before_group(*this);
}

void ConsumerGroup::tell_change(const Consumer& consumer) const {
  if (observer() != nullptr) [[unlikely]]
    observer()->before_consumer(*this, consumer);
}

void ConsumerGroup::tell_change(StreamId id) const {
  if (observer() != nullptr) [[unlikely]]
    observer()->before_pending(*this, id);
}

void ConsumerGroup::set_last_id(StreamId last_id) {
  tell_change();
  last_id_ = last_id;
}

void ConsumerGroup::set_entries_read(int64_t entries_read) {
  tell_change();
  entries_read_ = entries_read;
}

Consumer& ConsumerGroup::create_consumer(std::string_view name, int64_t now_ms) {
  Consumer& consumer = consumers_.create(name);
  consumer.seen_ms_ = now_ms;
  if (observer() != nullptr) [[unlikely]]
    observer()->consumer_born(*this, consumer);
  return consumer;
}

void ConsumerGroup::set_seen(Consumer& consumer, int64_t now_ms) {
  tell_change(consumer);
  consumer.seen_ms_ = now_ms;
}

void ConsumerGroup::set_active(Consumer& consumer, int64_t now_ms) {
  tell_change(consumer);
  consumer.active_ms_ = now_ms;
}

size_t ConsumerGroup::destroy_consumer(Consumer& consumer) {
  if (observer() != nullptr) [[unlikely]]
    observer()->before_consumer_goes(*this, consumer);
  const size_t count = consumer.pending().size();
  for (auto at = consumer.pending().first(); !at.at_end(); at.next())
    ensure(pending_.erase(at.id()));
  consumers_.destroy(consumer);
  return count;
}

bool ConsumerGroup::add_pending(StreamId id, const PendingEntry& entry) {
  if (!pending_.insert(id, entry)) return false;
  ensure(entry.consumer->pending_.insert(id, {}));
  if (observer() != nullptr) [[unlikely]]
    observer()->pending_born(*this, id);
  return true;
}

void ConsumerGroup::redeliver(StreamId id, const PendingEntry& entry) {
  PendingEntry* known = pending_.find(id);
  ensure(known != nullptr);
  tell_change(id);
  if (known->consumer != entry.consumer) {
    ensure(known->consumer->pending_.erase(id));
    ensure(entry.consumer->pending_.insert(id, {}));
  }
  *known = entry;
}

bool ConsumerGroup::acknowledge(StreamId id) {
  const PendingEntry* entry = pending_.find(id);
  if (entry == nullptr) return false;
  tell_change(id);
  ensure(entry->consumer->pending_.erase(id));
  ensure(pending_.erase(id));
  return true;
}

void ConsumerGroup::copy_from(const ConsumerGroup& other) {
  ensure(consumers_.empty() && pending_.empty());
  set_last_id(other.last_id());
  set_entries_read(other.entries_read());
  for (const Consumer* consumer : other.consumers().all()) {
    Consumer& copy = create_consumer(consumer->name(), consumer->seen_ms());
    set_active(copy, consumer->active_ms());
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
