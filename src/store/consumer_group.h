// Consumer groups of a stream: which entries each consumer was given and has not acknowledged yet.
//
//   ConsumerGroups ──> ConsumerGroup ──> pending entries: id -> when, how often, to whom
//    (by name)             │
//                          └──> Consumer (by name) ──> the ids of its own pending entries
//
// An id is in a group's pending entries exactly if it is in the pending ids of one of its
// consumers; the functions here keep it so. A pending entry may outlive the entry of the stream.
// All memory is counted in the bytes of the stream that the groups belong to. Times are
// milliseconds since 1970. Not thread-safe.
//
// A group, its consumers and its pending entries change only through the group's own functions,
// which tell the stream's observer before each change (observer.h).
#pragma once

#include "store/id_tree.h"
#include "store/name_table.h"
#include "store/observer.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::store {

class Consumer {
 public:
  Consumer(std::string_view name, size_t& bytes) : name_(name, bytes), pending_(bytes) {}

  std::string_view name() const { return name_.view(); }
  const IdTree<NoValue>& pending() const { return pending_; }
  int64_t seen_ms() const { return seen_ms_; }      // Time of its last request.
  int64_t active_ms() const { return active_ms_; }  // Time of its last delivery; -1: none.

 private:
  friend class ConsumerGroup;
  OwnedName name_;
  IdTree<NoValue> pending_;
  int64_t seen_ms_ = 0;
  int64_t active_ms_ = -1;
};

// An entry that was delivered to a consumer and not acknowledged.
struct PendingEntry {
  int64_t delivered_ms;
  uint64_t deliveries;
  Consumer* consumer;
};

class ConsumerGroup {
 public:
  using Consumers = NameTable<Consumer>;
  using PendingEntries = IdTree<PendingEntry>;
  static constexpr int64_t kUnknown = -1;

  ConsumerGroup(std::string_view name, size_t& bytes)
      : name_(name, bytes), consumers_(bytes), pending_(bytes) {}

  std::string_view name() const { return name_.view(); }
  const Consumers& consumers() const { return consumers_; }
  const PendingEntries& pending() const { return pending_; }
  StreamId last_id() const { return last_id_; }           // Id of the last entry delivered.
  int64_t entries_read() const { return entries_read_; }  // Counted as Counters::entries_added.
  const Consumer* find_consumer(std::string_view name) const { return consumers_.find(name); }
  const PendingEntry* find_pending(StreamId id) const { return pending_.find(id); }

  // ---- Changing. Consumers passed in belong to this group.

  void set_last_id(StreamId last_id);
  void set_entries_read(int64_t entries_read);
  Consumer* find_consumer(std::string_view name) { return consumers_.find(name); }
  // Creates a consumer; no consumer may have this name yet.
  Consumer& create_consumer(std::string_view name, int64_t now_ms);
  // Destroys a consumer and its n pending entries in O(n log n). Returns n.
  size_t destroy_consumer(Consumer& consumer);
  void set_seen(Consumer& consumer, int64_t now_ms);
  void set_active(Consumer& consumer, int64_t now_ms);

  // Notes an entry as delivered. Returns false and changes nothing if the entry is already pending.
  bool add_pending(StreamId id, const PendingEntry& entry);
  // Gives a pending entry another time and count, and perhaps another consumer.
  void redeliver(StreamId id, const PendingEntry& entry);
  bool acknowledge(StreamId id);  // Returns false if the entry is not pending.

  // Copies the consumers and pending entries of `other` into this group, which must have none.
  void copy_from(const ConsumerGroup& other);
  bool is_sound() const;  // O(n log n), for tests.

 private:
  friend class Stream;
  static constexpr StreamObserver* kNobody = nullptr;

  StreamObserver* observer() const { return *observer_; }
  void tell_change() const;
  void tell_change(const Consumer& consumer) const;
  void tell_change(StreamId id) const;

  OwnedName name_;
  Consumers consumers_;
  PendingEntries pending_;
  StreamId last_id_;
  int64_t entries_read_ = kUnknown;
  StreamObserver* const* observer_ = &kNobody;  // Points to where the stream keeps its observer.
};

static_assert(sizeof(Consumer) == 64 && sizeof(ConsumerGroup) == 112, "size classes");

using ConsumerGroups = NameTable<ConsumerGroup>;

}  // namespace kvstash::store
